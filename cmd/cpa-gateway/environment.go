package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

const environmentPrefix = "CPA_GATEWAY_"

// overlay sets single values of the configuration from the environment:
// CPA_GATEWAY_HTTP_ADDRESS is http.address. A name ending in _FILE gives the
// value's file instead, for secrets. A name that fits nothing is refused.
func overlay(c *config, environ []string) error {
	for _, setting := range environ {
		name, value, _ := strings.Cut(setting, "=")
		key, ours := strings.CutPrefix(name, environmentPrefix)
		if !ours {
			continue
		}
		if file, isFile := strings.CutSuffix(key, "_FILE"); isFile {
			text, err := os.ReadFile(value)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			key, value = file, strings.TrimSpace(string(text))
		}
		if err := set(reflect.ValueOf(c).Elem(), strings.Split(strings.ToLower(key), "_"), value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// set finds the field that a path of lower-case words leads to.
func set(v reflect.Value, words []string, value string) error {
	if v.Kind() != reflect.Struct {
		return fmt.Errorf("no such setting")
	}
	for i := range v.NumField() {
		tag, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if option == "inline" {
			if err := set(v.Field(i), words, value); err == nil {
				return nil
			}
			continue
		}
		if tag == "" || tag == "-" || strings.ToLower(tag) != words[0] {
			continue
		}
		if len(words) > 1 {
			return set(v.Field(i), words[1:], value)
		}
		if k := v.Field(i).Kind(); k == reflect.Slice || k == reflect.Struct || k == reflect.Map {
			return fmt.Errorf("only single values can be set here")
		}
		return yaml.Unmarshal([]byte(value), v.Field(i).Addr().Interface())
	}
	return fmt.Errorf("no such setting")
}
