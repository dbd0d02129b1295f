package benchdata

import (
	"fmt"
	"io/fs"
	"iter"
)

// MHSDS is the same people as England's data set tells of them: a folder with a table
// in each file. It has no word of what a plan says.
func (p People) MHSDS() fs.FS {
	return generated{
		"MHS000Header.csv": table("DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate",
			each(1, func(int) string { return "6.0,7A4,7A4,PARIS,2026-06-01,2026-06-30,2026-07-02T09:00:00+01:00" })),
		"MHS001MPI.csv": table("LocalPatientID,OrgIDLocalPatientID,NHSNumber,NHSNumberStatus,PersonBirthDate,Postcode,GenderIDCode,Gender",
			p.rows("{{key}},7A4,{{number}},01,{{born}},CF10 1AA,9,9")),
		"MHS002GP.csv":       table("LocalPatientID,GMPReg,StartDateGMPRegistration,EndDateGMPRegistration", p.rows("{{key}},W97003,2019-01-01,")),
		"MHS101Referral.csv": table("ServiceRequestID,LocalPatientID,OrgIDComm,CareProfTeamLocalID,ReferralRequestReceivedDate", p.rows("{{plan}}-r,{{key}},7A4BS,cmht-north,2023-05-10")),
		"MHS902ServiceTeamDetails.csv": table("CareProfTeamLocalID,OrgIDCareProfTeamLocalID,ServTeamTypeMH,ServTeamIntAgeGroup",
			each(1, func(int) string { return "cmht-north,7A4,A06,02" })),
		"MHS006MHCareCoord.csv": table("LocalPatientID,StartDateAssCareCoord,CareProfLocalID,EndDateAssCareCoord,CareProfServOrTeamTypeAssoc",
			p.rows("{{key}},2023-05-15,{{staff}},,A06")),
		"MHS008CarePlanType.csv": table("CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate,CarePlanLastUpdateDate,CarePlanImplementDate",
			p.rows("{{plan}}-1,{{key}},10,2026-06-02,2026-06-20,2026-06-05\n{{plan}}-2,{{key}},12,2026-01-12,2026-01-12,2026-01-13")),
		"MHS701CPACareEpisode.csv": table("CPAEpisodeID,LocalPatientID,StartDateCPA,EndDateCPA", p.rows("{{plan}}-e,{{key}},2023-05-15,")),
		"MHS702CPAReview.csv":      table("CPAEpisodeID,CPAReviewDate,CareProfLocalID", p.rows("{{plan}}-e,2026-06-10,{{staff}}")),
		"MHS901StaffDetails.csv": table("CareProfLocalID,OrgIDCareProfLocalID,ProfRegBodyCode,ProfRegEntryID,CareProfStaffGpMH,MainSpecCodeMH,OccCode,CareProfJobRoleCode",
			each(staff, func(i int) string { return fmt.Sprintf("staff-%d,7A4,09,12A%04dA,02,950,N1A,04074", i, i) })),
	}
}

// table is a header row and the others.
func table(header string, rows iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		if yield(header + "\n") {
			lines(rows)(yield)
		}
	}
}
