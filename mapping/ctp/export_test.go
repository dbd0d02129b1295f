package ctp

// Words is for the test that reads the maps.
var Words = words
