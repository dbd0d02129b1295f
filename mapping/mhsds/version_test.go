package mhsds_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping/mhsds"
)

// v5Headers are header rows as v5.0 has them.
var v5Headers = strings.NewReplacer(
	"LocalPatientID", "LocalPatientId", "CPAEpisodeID", "CPAEpisodeId", "OtherCareProfTeamLocalID", "CareProfTeamLocalId",
	"CareProfLocalID", "CareProfLocalId", "ServiceRequestID", "ServiceRequestId", "ProfRegEntryID", "ProfRegEntryId", "GMPReg,", "GMPCodeReg,",
	"NHSServAgreeLineID", "NHSServAgreeLineNum", "OrgIDReferringOrg", "OrgIDReferring", "ReferringCareProfessionalType", "ReferringCareProfessionalStaffGroup",
)

// inV5 is the sound extract in the layout of v5.0: no MHS902, no organisation of a
// professional, and a team with its type in MHS102 alone.
func inV5(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{
		"MHS102ServiceTypeReferredTo.csv": {Data: []byte("ServiceRequestId,CareProfTeamLocalId,ServTeamTypeRefToMH,ReferClosureDate,ReferClosReason\nR1,cmht-north,A06,,\nR2,outreach,A08,2026-06-28,04\n")},
		"MHS101Referral.csv":              {Data: []byte("ServiceRequestId,LocalPatientId,OrgIDComm,ReferralRequestReceivedDate,NHSServAgreeLineNum,ServDischDate\nR1,P1,7A4BS,2019-12-20,L1,\nR2,P1,7A4BS,2026-06-01,,2026-06-29\n")},
		"MHS901StaffDetails.csv":          {Data: []byte("CareProfLocalId,ProfRegBodyCode,ProfRegEntryId,CareProfStaffGpMH,MainSpecCodeMH\nS1,09,12A3456B,02,950\nS2,18,SW12345,09,\n")},
	}
	for _, name := range []string{"MHS000Header", "MHS001MPI", "MHS002GP", "MHS006MHCareCoord", "MHS008CarePlanType", "MHS009CarePlanAgreement", "MHS701CPACareEpisode", "MHS702CPAReview"} {
		text, err := os.ReadFile("testdata/sound/" + name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		header, rows, _ := strings.Cut(string(text), "\n")
		if name == "MHS000Header" {
			rows = strings.Replace(rows, "6.0,", "5.0,", 1)
		}
		files[name+".csv"] = &fstest.MapFile{Data: []byte(v5Headers.Replace(header) + "\n" + rows)}
	}
	return files
}

func v5(t *testing.T) *mhsds.Format {
	t.Helper()
	f, err := mhsds.New(mhsds.V5)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The layout of v5.0 is read as that of v6.0 is, and written in its own.
func TestV5IsALayout(t *testing.T) {
	b := &book{}
	report, err := v5(t).Read(context.Background(), inV5(t), env, b)
	if err != nil || report.Refused > 0 || len(b.aside) > 0 {
		t.Fatalf("%v, %d refused, %+v", err, report.Refused, b.aside)
	}
	sound, _ := read(t, os.DirFS("testdata/sound"))
	got := bodies(b.taken)
	for _, r := range sound.taken {
		if typ := r.Type; typ != "Organization" && typ != "PractitionerRole" && typ != "CareTeam" && !slices.Contains(got, string(r.Body)) {
			t.Errorf("v5.0 does not make %s", r.Body)
		}
	}
	if team := strings.Join(got, "\n"); !strings.Contains(team, `"value":"cmht-north"`) || strings.Count(team, "768820003") != 2 {
		t.Errorf("made\n%s", team)
	}
	files, back := v5(t).Back(env, parsed(t, got...))
	if len(back.Faults) > 0 {
		t.Errorf("not representable: %+v", back.Faults)
	}
	for name, head := range map[string]string{
		"MHS001MPI.csv":            "LocalPatientId,OrgIDLocalPatientId,NHSNumber,",
		"MHS701CPACareEpisode.csv": "CPAEpisodeId,LocalPatientId,StartDateCPA,EndDateCPA\nE1,P1,",
		"MHS901StaffDetails.csv":   "CareProfLocalId,ProfRegBodyCode,ProfRegEntryId,",
	} {
		if !strings.HasPrefix(string(files[name]), head) {
			t.Errorf("%s begins %.80s", name, files[name])
		}
	}
}

// An extract of one version is not read as another.
func TestVersionsAreNotMistaken(t *testing.T) {
	for name, c := range map[string]struct {
		format *mhsds.Format
		files  fstest.MapFS
	}{"v5.0 as v6.0": {format(t), inV5(t)}, "v6.0 as v5.0": {v5(t), fstest.MapFS{"MHS000.csv": inV6(t)}}} {
		b := &book{}
		report, err := c.format.Read(context.Background(), c.files, env, b)
		if err != nil || report.Taken > 0 || len(b.aside) == 0 || b.aside[0].Rule != "MHS00003" {
			t.Errorf("%s: %v, %d taken, %+v", name, err, report.Taken, b.aside)
		}
	}
	if _, err := mhsds.New("v4"); err == nil {
		t.Error("a version without an overlay was taken")
	}
}

func inV6(t *testing.T) *fstest.MapFile {
	t.Helper()
	text, err := os.ReadFile("testdata/sound/MHS000Header.csv")
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: text}
}
