package benchdata

import (
	"fmt"
	"io/fs"
	"iter"
)

// MHSDS is the same people as England's data set tells of them: a folder with a table
// in each file, with all of its columns. It has no word of what a plan says.
func (p People) MHSDS() fs.FS {
	files := generated{
		"MHS000Header.csv": table("DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate",
			each(1, func(int) string { return "6.0,7A4,7A4,PARIS,2026-06-01,2026-06-30,2026-07-02T09:00:00+01:00" })),
		"MHS901StaffDetails.csv": table("CareProfLocalID,OrgIDCareProfLocalID,ProfRegBodyCode,ProfRegEntryID,CareProfStaffGpMH,MainSpecCodeMH,OccCode,CareProfJobRoleCode",
			each(staff, func(i int) string { return fmt.Sprintf("staff-%d,7A4,09,12A%04dA,02,950,N1A,04074", i, i) })),
		"MHS902ServiceTeamDetails.csv": table("CareProfTeamLocalID,OrgIDCareProfTeamLocalID,ServTeamTypeMH,ServTeamIntAgeGroup",
			each(1, func(int) string { return "cmht-north,7A4,A06,02" })),
	}
	for name, t := range tablesOfPeople {
		files[name] = table(t.columns, p.rows(t.rows))
	}
	return files
}

// tablesOfPeople are the tables with rows for each person.
var tablesOfPeople = map[string]struct{ columns, rows string }{
	"MHS001MPI.csv": {
		"LocalPatientID,OrgIDLocalPatientID,OrgIDEduEstab,NHSNumber,NHSNumberStatus,PersonBirthDate,Postcode,GenderIDCode,GenderSameAtBirth,Gender,MaritalStatus,EthnicCategory,EthnicCategory2021,LanguageCodePreferred,PersDeathDate",
		"{{key}},7A4,,{{number}},01,{{born}},CF10 1AA,2,Y,2,M,A,,cy,",
	},
	"MHS002GP.csv": {
		"LocalPatientID,GMPReg,StartDateGMPRegistration,EndDateGMPRegistration",
		"{{key}},W97003,2019-01-01,",
	},
	"MHS006MHCareCoord.csv": {
		"LocalPatientID,StartDateAssCareCoord,CareProfLocalID,EndDateAssCareCoord,CareProfServOrTeamTypeAssoc",
		"{{key}},2023-05-15,{{staff}},,A06",
	},
	"MHS008CarePlanType.csv": {
		"CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate,CarePlanCreationTime,CarePlanLastUpdateDate,CarePlanLastUpdateTime,CarePlanImplementDate",
		"{{plan}}-1,{{key}},10,2026-06-02,10:30:00,2026-06-20,11:45:00,2026-06-05\n{{plan}}-2,{{key}},12,2026-01-12,09:15:00,2026-01-12,09:15:00,2026-01-13",
	},
	"MHS009CarePlanAgreement.csv": {
		"CarePlanID,FamilyCarePlanIndicator,NoFamilyCarePlanReason,CarePlanContentAgreedBy,CarePlanContentAgreedDate,CarePlanContentAgreedTime",
		"{{plan}}-1,Y,,10,2026-06-05,14:00:00",
	},
	"MHS101Referral.csv": {
		"ServiceRequestID,LocalPatientID,OrgIDComm,CareProfTeamLocalID,ReferralRequestReceivedDate,ReferralRequestReceivedTime,NHSServAgreeLineID,SpecialisedMHServiceCode,SourceOfReferralMH,OrgIDReferringOrg," +
			"ReferringCareProfessionalType,ClinRespPriorityType,PrimReasonReferralMH,ReasonOAT,DecisionToTreatDate,DecisionToTreatTime,DischPlanCreationDate,DischPlanCreationTime,DischPlanLastUpdatedDate,DischPlanLastUpdatedTime," +
			"ServDischDate,ServDischTime,ReferRejectionDate,ReferRejectionTime,ReferRejectReason,ReferClosReason",
		"{{plan}}-r,{{key}},7A4BS,cmht-north,2023-05-10,09:30:00,,,A1,W97003,M01,3,01,,2023-05-12,10:00:00,,,,,,,,,,",
	},
	"MHS102OtherServiceType.csv": {
		"ServiceRequestID,OtherCareProfTeamLocalID,ReferClosureDate,ReferClosureTime,ReferRejectionDate,ReferRejectionTime,ReferRejectReason,ReferClosReason",
		"{{plan}}-r,cmht-north,,,,,,",
	},
	"MHS701CPACareEpisode.csv": {
		"CPAEpisodeID,LocalPatientID,StartDateCPA,EndDateCPA",
		"{{plan}}-e,{{key}},2023-05-15,",
	},
	"MHS702CPAReview.csv": {
		"CPAEpisodeID,CPAReviewDate,CareProfLocalID",
		"{{plan}}-e,2026-06-10,{{staff}}",
	},
}

// RowsOfAPerson is how many rows the data set has of each person.
const RowsOfAPerson = 10

// table is a header row and the others.
func table(header string, rows iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		if yield(header + "\n") {
			lines(rows)(yield)
		}
	}
}
