package consent

import (
	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
)

// The Welsh of the gates and reasons is ours until a translator has confirmed it (W¶183).

var gatePassesWelsh = [gates]string{
	"Mae'r cais yn dweud pa sefydliad, tîm a pherson neu system sy'n gofyn.",
	"Mae'r ddau sefydliad wedi llofnodi Cytundeb Cymru ar Rannu Gwybodaeth Bersonol (W¶179).",
	"Mae cytundeb yn enwi'r ddau sefydliad a'r tîm sy'n gofyn (W¶179).",
	"Mae ansawdd y cytundeb wedi'i sicrhau; mae wedi'i gyhoeddi a heb ei dynnu'n ôl.",
	"Nid yw dyddiad adolygu'r cytundeb wedi mynd heibio.",
	"Mae'r ddau sefydliad wedi llofnodi'r cytundeb hwn.",
	"Mae'r cytundeb yn gadael i wybodaeth fynd i'r cyfeiriad hwn.",
	"Mae'r cytundeb yn rhestru'r diben y mae'r cais yn ei nodi.",
	"Mae llif y cytundeb yn enwi popeth y gallai'r cais ei ddefnyddio.",
	"Mae'r person yn perthyn i'r grŵp o bobl y mae'r cytundeb yn ymdrin ag ef.",
	"Mae'r cytundeb yn nodi ei sail gyfreithiol gyflawn.",
	"Mae tocyn y galwr yn cyrraedd y math hwn o gofnod.",
	"Mae gan y tîm sy'n gofyn ran gofnodedig yng ngofal y person (W¶67).",
	"Tybir bod y person yn gallu penderfynu am rannu (Deddf Galluedd Meddyliol 2005 a.1(2), W¶180).",
	"Mae dymuniadau'r person yn ei ganiatáu (W¶180).",
	"Mae'r hyn a fyddai'n niweidio rhywun, neu sy'n sôn am rywun arall, yn aros gyda'r tîm a'i ysgrifennodd.",
	"Y galwr biau newid yr hyn y mae'r cais yn ei newid.",
}

var reasonsWelsh = [reasonCount]string{
	notApplicable:          "Nid oes gan y rheol hon ran yn y penderfyniad hwn.",
	glassBroken:            "Torrodd gweithiwr proffesiynol a enwir y gwydr ar gyfer y person hwn, a dweud pam; dangosir y rhan argyfwng, a hysbysir y swyddog preifatrwydd (W¶181).",
	glassNotAllowed:        "Dim ond gweithiwr proffesiynol a enwir, y caiff ei rôl dorri'r gwydr, a all wneud hynny; system byth.",
	glassSuspended:         "Mae swyddog preifatrwydd wedi penderfynu na chaiff y gweithiwr hwn dorri'r gwydr am y tro.",
	glassReasonless:        "Torrwyd y gwydr am ddim un o'r rhesymau sy'n cyfrif.",
	glassOfOther:           "Torrwyd y gwydr ar gyfer rhywun arall.",
	glassExpired:           "Mae'r awr y torrwyd y gwydr ar ei chyfer ar ben.",
	glassOverRefusal:       "Gwrthododd y person rannu heb ddweud dim am argyfwng; torrwyd y gwydr er hynny (W¶181).",
	glassOverCrisisRefusal: "Gwrthododd y person rannu mewn argyfwng hefyd; torrwyd y gwydr am reswm a all sefyll uwchlaw hynny (W¶181).",
	requesterUnknown:       "Nid yw'r cais yn dweud pa sefydliad, tîm a pherson neu system sy'n gofyn.",
	accordNotSigned:        "Mae un o'r ddau sefydliad heb lofnodi Cytundeb Cymru ar Rannu Gwybodaeth Bersonol, neu wedi tynnu'n ôl ohono (W¶179).",
	noAgreement:            "Nid oes cytundeb rhannu yn enwi'r ddau sefydliad (W¶179).",
	teamNotNamed:           "Mae cytundeb yn enwi'r sefydliad, ond nid y tîm sy'n gofyn.",
	notADisclosureBasis:    "Dim ond prosesu cofnodion ar ran y llall y mae'r sefydliad; nid yw hynny'n sail dros eu gweld.",
	notAssured:             "Mae'r cytundeb yn ddrafft o hyd, neu heb basio'r sicrwydd ansawdd.",
	notInForce:             "Nid yw'r cytundeb mewn grym: nid yw wedi'i gyhoeddi eto, neu mae wedi'i atal, ei dynnu'n ôl neu ei ddisodli.",
	reviewOverdue:          "Mae dyddiad adolygu'r cytundeb wedi mynd heibio.",
	reviewGrace:            "Mae dyddiad adolygu'r cytundeb wedi mynd heibio; mae'n dal i sefyll am ei ddyddiau o ras.",
	partyNotSigned:         "Mae un o'r ddau sefydliad heb lofnodi'r cytundeb hwn.",
	wrongDirection:         "I'r cyfeiriad arall yn unig y mae'r cytundeb yn gadael i wybodaeth fynd.",
	purposeMissing:         "Nid yw'r cais yn dweud at ba ddiben y'i gwneir.",
	purposeAmbiguous:       "Mae'r cais yn enwi mwy nag un diben.",
	purposeNotAgreed:       "Ni chytunwyd ar lif i'r tîm hwn at y diben y mae'r cais yn ei nodi.",
	itemNotInFlow:          "Nid yw llif y cytundeb yn enwi dim o'r hyn y mae'r cais yn gofyn amdano.",
	itemPartlyInFlow:       "Mae llif y cytundeb yn enwi rhan o'r hyn y mae'r cais yn gofyn amdano; gadewir y gweddill allan.",
	subjectOutOfScope:      "Nid yw'r person yn perthyn i'r grŵp o bobl y mae'r cytundeb yn ymdrin ag ef, neu ni ellir dweud.",
	scopeExceeded:          "Nid yw tocyn y galwr yn cyrraedd y math hwn o gofnod.",
	scopeNarrows:           "Dim ond rhai mathau o gynllun y mae tocyn y galwr yn eu cyrraedd; gadewir y gweddill allan.",
	notTheCustodian:        "Dim ond y sefydliad sy'n dal cofnod a gaiff ddod ag ef i mewn.",
	ownRecord:              "Mae'r person yn gofyn am ei gofnod ei hun.",
	ownTeam:                "Mae'r tîm sy'n gofyn yn nhîm gofal y person ac yn gweithio i'r sefydliad sy'n dal y cofnod (W¶67).",
	relationshipNotNeeded:  "Mae llif y cytundeb yn gwasanaethu timau nad ydynt yn adnabod y person eto (W¶177).",
	crisisOutOfArea:        "Nid oes gan y tîm ran gofnodedig yng ngofal y person; mewn argyfwng nid yw'r llif yn gofyn am un, a hysbysir y swyddog preifatrwydd (W¶177).",
	noRelationship:         "Nid oes gan y tîm sy'n gofyn ran gofnodedig yng ngofal y person ar yr adeg hon (W¶67).",
	identityUnresolved:     "Nid yw'n sicr cofnod pwy yw hwn: nid oes neb yn hysbys, neu cafodd cofnodion eu cyfuno neu eu cysylltu heb i neb eu gwirio.",
	personDeceased:         "Mae'r person wedi marw; mae ceisiadau'n dilyn Deddf Mynediad at Gofnodion Iechyd 1990.",
	consentGiven:           "Cytunodd y person i rannu â'r tîm hwn at y diben hwn (W¶180).",
	attorneyConsented:      "Cytunodd atwrnai neu ddirprwy sy'n penderfynu dros y person i rannu â'r tîm hwn at y diben hwn (Deddf Galluedd Meddyliol 2005 a.9, 16).",
	bestInterestsDecided:   "Penderfynwyd er lles pennaf y person rannu â'r tîm hwn at y diben hwn (Deddf Galluedd Meddyliol 2005 a.4).",
	bestInterestsMissing:   "Penderfynwyd dros y person, ac mae'r cofnod heb yr hyn y mae'n rhaid i benderfyniad er lles pennaf ei ddweud: pwy a'i hasesodd a phryd, pwy yr ymgynghorwyd ag ef, tan pryd y mae'n sefyll (Deddf Galluedd Meddyliol 2005 a.4, 5).",
	capacityPresumed:       "Penderfynodd rhywun dros y person, ac nid oes asesiad o'r blaen, nad yw'n rhy hen, yn dweud na allai: tybir bod y person yn gallu penderfynu am rannu (Deddf Galluedd Meddyliol 2005 a.1(2)).",
	attorneyDecides:        "Penderfynwyd er lles pennaf y person, a chofnodwyd atwrnai neu ddirprwy, sy'n penderfynu yn lle hynny (Deddf Galluedd Meddyliol 2005 a.9, 16).",
	lacksCapacity:          "Aseswyd nad yw'r person yn gallu penderfynu am rannu, a phenderfynodd rhywun ag awdurdod drosto (Deddf Galluedd Meddyliol 2005).",
	consentImplied:         "Mae'r llif yn dibynnu ar gydsyniad ymhlyg i ofal uniongyrchol, ac nid yw'r person wedi dweud fel arall (W¶178).",
	crisisAgreed:           "Cytunodd y person i dimau argyfwng weld y rhan ar gyfer argyfwng (W¶177, 180).",
	crisisSilent:           "Ni chofnodwyd dymuniad dilys ynghylch argyfwng; dangosir y rhan ar gyfer argyfwng a hysbysir y cydgysylltydd gofal (W¶177).",
	crisisAfterRefusal:     "Gwrthododd y person rannu arferol ac ni ddywedodd ddim am argyfwng; mae'r sefydliad hwn wedi dewis dangos y rhan ar gyfer argyfwng a hysbysu'r swyddog preifatrwydd (W¶181).",
	consentNotRecorded:     "Ni chofnodwyd cydsyniad, a gofynnir amdano cyn rhannu dim (W¶180).",
	consentRefused:         "Gwrthododd y person rannu, neu gwrthododd pwy bynnag sy'n penderfynu drosto (W¶181).",
	consentCrisisRefused:   "Gwrthododd y person rannu mewn argyfwng hefyd, neu gwrthododd pwy bynnag sy'n penderfynu drosto (W¶181).",
	consentWithdrawn:       "Tynnodd y person ei gydsyniad yn ôl, neu tynnodd pwy bynnag sy'n penderfynu drosto (W¶181).",
	consentOtherCustodian:  "Cytunwyd i rannu'r hyn y mae sefydliad arall yn ei ddal, nid yr hyn y mae hwn yn ei ddal (W¶180).",
	consentExpired:         "Mae'r cydsyniad a roddwyd wedi dod i ben (W¶180).",
	consentNotStarted:      "Mae'r cydsyniad a roddwyd yn dechrau'n ddiweddarach (W¶180).",
	consentOtherRecipient:  "Cytunwyd i rannu ag eraill, nid â'r tîm hwn (W¶180).",
	consentOtherPurpose:    "Cytunwyd i rannu â'r tîm hwn at ddiben arall (W¶180).",
	consentConflict:        "Mae un cofnod yn dweud ie ac un arall yn dweud na, ac nid yw'r naill wedi'i nodi fel un sy'n disodli'r llall; ni rennir dim nes bod rhywun wedi gofyn i'r person, neu i bwy bynnag sy'n penderfynu drosto (W¶181).",
	consentUninterpretable: "Cofnodwyd dymuniad ar ffurf na ellir ei darllen yn ddiogel; ni rennir dim nes bod rhywun wedi edrych arno (W¶181).",
	consentNoEvidence:      "Cofnodwyd cydsyniad heb ffurflen wedi'i llofnodi neu, lle rhoddwyd ef ar lafar, heb ddweud pwy a'i nododd, pryd a gerbron pwy (W¶180).",
	consentOldPolicy:       "Rhoddwyd cydsyniad o dan daflen gynharach nad yw'n sefyll mwyach (W¶180).",
	consentNotByPerson:     "Rhoddwyd cydsyniad gan rywun heblaw'r person, nad yw'n dangos awdurdod i benderfynu drosto (W¶180).",
	consentExcludesAll:     "Hepgorodd y person bopeth y mae'r llif yn ei enwi (W¶181).",
	restrictedItem:         "Byddai'r hyn y gofynnir amdano yn niweidio rhywun neu'n sôn am rywun arall; mae'n aros gyda'r tîm a'i ysgrifennodd.",
	custodianWrites:        "Mae'r sefydliad sy'n gofyn yn dal y cofnod, ac mae'r system hon wedi'i chofrestru i gadw ei gofnodion.",
	noCustody:              "Dim ond system sydd wedi'i chofrestru i gadw cofnodion ei sefydliad a gaiff wneud y newid hwn.",
	custodianOnly:          "Dim ond y sefydliad sy'n dal y cofnod a gaiff wneud y newid hwn.",
	keptRecord:             "Mae'r system sy'n gofyn wedi'i chofrestru fel un sy'n cadw cofnodion ei sefydliad, ac mae hwn yn un ohonynt.",
	personReadsOnly:        "Mae person yn darllen ei gofnod ei hun yma, ac nid yw'n ei newid.",
	contributes:            "Mae cytundeb yn gadael i'r sefydliad sy'n gofyn newid ei rannau ei hun o'r cynllun.",
	noContribution:         "Nid oes cytundeb yn gadael i'r sefydliad sy'n gofyn newid rhannau o'r cynllun.",
	contributionEmpty:      "Nid yw'r cytundeb yn gadael i'r sefydliad sy'n gofyn newid dim o'r hyn y caiff ei weld.",
	crisisReadsOnly:        "Darllenir yr hyn a ddangosir mewn argyfwng; ni newidir dim drwyddo.",
}

// wording is what a gate says with a reason, in a language.
func wording(g gate, r reason, lang language.Tag) string {
	if r == plainPass {
		return texts.Wording{English: gatePasses[g], Welsh: gatePassesWelsh[g]}.In(lang)
	}
	return texts.Wording{English: reasons[r].text, Welsh: reasonsWelsh[r]}.In(lang)
}

// Meaning says what a rule and its code mean, as an audit entry holds them: of an
// answer that let something through (Permit, Slice) or did not. It is empty for what
// is no reason of a decision.
func Meaning(rule, code, outcome string, lang language.Tag) string {
	wanted := Pass
	if outcome == Deny.String() {
		wanted = Fail
	}
	for r := range reasonCount {
		if code != "" && reasons[r].code == code && reasons[r].outcome == wanted {
			return wording(0, r, lang)
		}
	}
	for g := range gates {
		if code == "" && gateIDs[g] == rule {
			return wording(g, plainPass, lang)
		}
	}
	return ""
}
