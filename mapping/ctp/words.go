package ctp

import (
	"cpagateway/gateway/texts"
	"cpagateway/mapping"
	"cpagateway/profiles"
)

// ownWords are the words that the maps write beside the plan's own and that the
// vocabulary lacks. All of the Welsh is ours, until a translator has confirmed it.
var ownWords = map[string]texts.Wording{
	"WordChair":       {Welsh: "Cadeirydd", English: "Chair"},
	"WordDayAndNight": {Welsh: "24 awr", English: "24 hours"}, // consent knows a 24-hour number by these as well
	"WordInterpreter": {Welsh: "Angen cyfieithydd", English: "Interpreter needed"},
	"WordNoAction":    {Welsh: "Dim angen gweithredu", English: "No action needed"},
	"WordResponsible": {Welsh: "Yn gyfrifol", English: "Responsible"},
	"WordSteps":       {Welsh: "Camau", English: "Steps"},
	"WordSupport":     {Welsh: "Cymorth i benderfynu", English: "Support to decide"},
}

// words are the names that the maps use for texts: in both languages (W¶183),
// Welsh first as in the law of Wales, since a stored text is read by everybody.
func words() mapping.Names {
	names := mapping.Names{}
	for name, w := range ownWords {
		names[name] = w.Welsh + " / " + w.English
	}
	for name, text := range map[string]texts.Key{
		"WordCarePlan": texts.CarePlan, "WordCrisisPlan": texts.CrisisPlan, "WordContingencyPlan": texts.ContingencyPlan,
	} {
		names[name] = text.In(texts.Welsh) + " / " + text.In(texts.English)
	}
	for name, code := range map[string][2]string{
		"WordAttorney":    {profiles.SystemTeamRole, profiles.CodeRoleAttorney},
		"WordCoordinator": {profiles.SystemSNOMED, profiles.CodeCareCoordinator},
		"WordCopy":        {profiles.SystemPlanPart, profiles.CodePartCopy},
		"WordDependants":  {profiles.SystemFlag, profiles.CodeFlagDependants},
		"WordDeputy":      {profiles.SystemFlag, profiles.CodeFlagDeputy},
		"WordSection117":  {profiles.SystemFlag, profiles.CodeFlagSection117},
		"WordSign":        {profiles.SystemPlanPart, profiles.CodePartEarlyWarningSign},
		"WordTrigger":     {profiles.SystemPlanPart, profiles.CodePartTrigger},
	} {
		names[name] = profiles.Display(code[0], code[1], texts.Welsh) + " / " + profiles.Display(code[0], code[1], texts.English)
	}
	return names
}
