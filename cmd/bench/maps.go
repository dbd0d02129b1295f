package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/intake"
	"cpagateway/mapping"
	"cpagateway/mapping/mhsds"
	"cpagateway/mapping/scratch"
)

// extractTables are the tables of an MHSDS extract with all columns that rules or maps
// name, and rows of one person (of one member of staff and one team for each fifty).
// Numbers of the person stand for P, NHS numbers for N, staff for S and teams for T.
var extractTables = []struct {
	name, columns, row string
	each               int // people to a row
}{
	{"MHS901StaffDetails", "CareProfLocalID,OrgIDCareProfLocalID,ProfRegBodyCode,ProfRegEntryID,CareProfStaffGpMH,MainSpecCodeMH,OccCode,CareProfJobRoleCode", "S{S},7A4,09,12A{S}B,02,950,N1A,04074", 50},
	{"MHS902ServiceTeamDetails", "CareProfTeamLocalID,OrgIDCareProfTeamLocalID,ServTeamTypeMH,ServTeamIntAgeGroup", "T{S},7A4,A06,02", 50},
	{"MHS001MPI", "LocalPatientID,OrgIDLocalPatientID,OrgIDEduEstab,NHSNumber,NHSNumberStatus,PersonBirthDate,Postcode,GenderIDCode,GenderSameAtBirth,Gender,MaritalStatus,EthnicCategory,EthnicCategory2021,LanguageCodePreferred,PersDeathDate",
		"P{P},7A4,EE12345,{N},01,1961-03-04,CF10 1AA,2,Y,2,M,A,,cy,", 1},
	{"MHS002GP", "LocalPatientID,GMPReg,StartDateGMPRegistration,EndDateGMPRegistration", "P{P},W97003,2019-01-01,", 1},
	{"MHS006MHCareCoord", "LocalPatientID,StartDateAssCareCoord,CareProfLocalID,EndDateAssCareCoord,CareProfServOrTeamTypeAssoc", "P{P},2020-02-01,S{S},2026-06-09,A06", 1},
	{"MHS008CarePlanType", "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate,CarePlanCreationTime,CarePlanLastUpdateDate,CarePlanLastUpdateTime,CarePlanImplementDate", "C{P},P{P},10,2026-06-02,10:30:00,2026-06-20,11:00:00,2026-06-05", 1},
	{"MHS009CarePlanAgreement", "CarePlanID,FamilyCarePlanIndicator,NoFamilyCarePlanReason,CarePlanContentAgreedBy,CarePlanContentAgreedDate,CarePlanContentAgreedTime", "C{P},N,02,10,2026-06-04,15:45:00", 1},
	{"MHS101Referral", "ServiceRequestID,LocalPatientID,OrgIDComm,CareProfTeamLocalID,ReferralRequestReceivedDate,ReferralRequestReceivedTime,NHSServAgreeLineID,SpecialisedMHServiceCode,SourceOfReferralMH,OrgIDReferringOrg,ReferringCareProfessionalType," +
		"ClinRespPriorityType,PrimReasonReferralMH,ReasonOAT,DecisionToTreatDate,DecisionToTreatTime,DischPlanCreationDate,DischPlanCreationTime,DischPlanLastUpdatedDate,DischPlanLastUpdatedTime,ServDischDate,ServDischTime,ReferRejectionDate,ReferRejectionTime,ReferRejectReason,ReferClosReason",
		"R{P},P{P},7A4BS,T{S},2019-12-20,09:00:00,L1,NCBPS22,A1,W97003,N01,3,10,10,2020-01-05,10:00:00,2026-06-15,09:00:00,2026-06-16,09:30:00,,,,,,", 1},
	{"MHS102OtherServiceType", "ServiceRequestID,OtherCareProfTeamLocalID,ReferClosureDate,ReferClosureTime,ReferRejectionDate,ReferRejectionTime,ReferRejectReason,ReferClosReason", "R{P},T{S},2026-06-28,17:00:00,,,,04", 1},
	{"MHS701CPACareEpisode", "CPAEpisodeID,LocalPatientID,StartDateCPA,EndDateCPA", "E{P},P{P},2012-04-01,2026-06-10", 1},
	{"MHS702CPAReview", "CPAEpisodeID,CPAReviewDate,CareProfLocalID", "E{P},2026-06-10,S{S}", 1},
}

const extractHeader = "DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate\n6.0,7A4,7A4,PARIS,2026-06-01,2026-06-30,2026-07-02T09:00:00+01:00\n"

// writeExtract writes an extract of so many rows, about, and says how many they are.
func writeExtract(folder string, about int) (rows int, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, err
	}
	rowsOfOne := 0
	for _, table := range extractTables {
		if table.each == 1 {
			rowsOfOne++
		}
	}
	people := max(about/rowsOfOne, 1)
	if err := os.WriteFile(filepath.Join(folder, "MHS000Header.csv"), []byte(extractHeader), 0o600); err != nil {
		return 0, err
	}
	rows = 1
	for _, table := range extractTables {
		file, err := os.Create(filepath.Join(folder, table.name+".csv"))
		if err != nil {
			return 0, err
		}
		to := bufio.NewWriter(file)
		fmt.Fprintln(to, table.columns)
		for i := 0; i < people; i += table.each {
			fill := strings.NewReplacer("{P}", fmt.Sprint(i), "{S}", fmt.Sprint(i/50), "{N}", benchdata.NHSNumber(i))
			fmt.Fprintln(to, fill.Replace(table.row))
			rows++
		}
		if err := errors.Join(to.Flush(), file.Close()); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// mapStages are what reading an extract goes on with, as mapping.Env.Stage names them.
var mapStages = []string{"read", "join", "map"}

// maps measures what becomes of the rows of an MHSDS extract without a store: cut into
// fields by encoding/csv, and read, judged, joined and mapped to FHIR with keyed ids.
func (b *bench) maps() error {
	folder := filepath.Join(b.folder, "extract")
	rows, err := writeExtract(folder, b.rows)
	if err != nil {
		return err
	}
	format, err := mhsds.New(mhsds.V6)
	if err != nil {
		return err
	}
	return b.each(func(int) error {
		took, times, err := b.timeOf(func() error { return cutAll(os.DirFS(folder)) })
		if err != nil {
			return err
		}
		b.add("P7/csv", "rows/s", float64(times*rows)/took.Seconds())
		stages := map[string]time.Duration{}
		took, times, err = b.timeOf(func() error { return b.mapAll(format, folder, rows, stages) })
		if err != nil {
			return err
		}
		b.add("P7b/all", "rows/s", float64(times*rows)/took.Seconds())
		b.add("P7a/map", "rows/s", float64(times*rows)/max(stages["map"], 1).Seconds())
		for _, stage := range mapStages {
			b.add("P7/stage/"+stage, "us", float64(stages[stage].Nanoseconds())/1000/float64(times*rows))
		}
		return nil
	})
}

// timeOf is the processor time of this process, collecting garbage included, while it does
// something again and again, and how often it did.
func (b *bench) timeOf(do func() error) (took time.Duration, times int, err error) {
	before, err := processorTime(os.Getpid())
	for began := time.Now(); err == nil && (times == 0 || time.Since(began) < b.spin); times++ {
		err = errors.Join(b.ctx.Err(), do())
	}
	after, failed := processorTime(os.Getpid())
	return max(after-before, 1), times, errors.Join(err, failed)
}

func cutAll(files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := files.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		in := csv.NewReader(file)
		for err == nil {
			_, err = in.Read()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	})
}

// mapAll reads an extract as an import does, and adds to each stage what it took.
func (b *bench) mapAll(format *mhsds.Format, folder string, rows int, stages map[string]time.Duration) (failed error) {
	var files []scratch.File
	defer func() { failed = errors.Join(failed, closeAll(files)) }()
	at, since := "", time.Duration(0)
	turn := func(to string) {
		now, err := processorTime(os.Getpid())
		failed = errors.Join(failed, err)
		stages[at] += now - since
		at, since = to, now
	}
	env := mapping.Env{
		Source: "mhsds-v6", Custodian: string(custodian), Stage: turn, ID: intake.ResourceID([]byte("a secret of the run, of 32 bytes."), custodian, "mhsds-v6"),
		Scratch: func() (scratch.File, error) {
			file, err := os.CreateTemp(b.folder, "scratch-")
			if err == nil {
				files, err = append(files, file), os.Remove(file.Name())
			}
			return file, err
		},
	}
	turn("")
	report, err := format.Read(b.ctx, os.DirFS(folder), env, thrownAway{})
	turn("")
	delete(stages, "")
	if err == nil && report.Taken != rows {
		err = fmt.Errorf("of %d rows %d were taken", rows, report.Taken)
	}
	return errors.Join(failed, err)
}

// closeAll closes the files that are still open: what needs one no more has closed it.
func closeAll(files []scratch.File) (failed error) {
	for _, file := range files {
		if err := file.Close(); !errors.Is(err, os.ErrClosed) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// thrownAway takes what is made.
type thrownAway struct{}

// Take implements mapping.Output.
func (thrownAway) Take([]mapping.Resource) error { return nil }

// SetAside implements mapping.Output.
func (thrownAway) SetAside([]mapping.Fault, []mapping.Resource) error { return nil }
