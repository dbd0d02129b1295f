package gateway_test

import (
	"context"
	"go/ast"
	"go/parser"
	syntax "go/token"
	"strings"
	"testing"

	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/gateway/store/postgres"
	"cpagateway/gateway/store/postgres/postgrestest"
)

// newStore makes the store of a stand: in memory, but in TestAttacksOnPostgreSQL.
var newStore = func(*testing.T) store.Store { return memory.New() }

// attacks are the tests of the files that attack what is released, recorded and written.
var attacks = map[string]map[string]func(*testing.T){
	"attack_test.go": {
		"TestWhatIsWithheldIsNotThereToBeWritten":    TestWhatIsWithheldIsNotThereToBeWritten,
		"TestASubjectIsAPatient":                     TestASubjectIsAPatient,
		"TestACreateDoesNotTellWhoIsKnown":           TestACreateDoesNotTellWhoIsKnown,
		"TestACreateBeyondTheDecisionIsRefused":      TestACreateBeyondTheDecisionIsRefused,
		"TestANameLeadsToWhatIsThereAlready":         TestANameLeadsToWhatIsThereAlready,
		"TestATransactionChangesNothingTwice":        TestATransactionChangesNothingTwice,
		"TestARefusedChangeWaitsForTheBeat":          TestARefusedChangeWaitsForTheBeat,
		"TestAPartnerDoesNotCrowdACustodianOut":      TestAPartnerDoesNotCrowdACustodianOut,
		"TestAPartnerAddsSoManyBytes":                TestAPartnerAddsSoManyBytes,
		"TestAWriteIsSeenThroughAnotherGateway":      TestAWriteIsSeenThroughAnotherGateway,
		"TestAPlanIsWrittenAfterAJoin":               TestAPlanIsWrittenAfterAJoin,
		"TestWordsThatTwoSaidAreTheCustodians":       TestWordsThatTwoSaidAreTheCustodians,
		"TestARecordThatWasDeletedComesBackWithNews": TestARecordThatWasDeletedComesBackWithNews,
	},
	"fault_test.go": {
		"TestWhatCannotBeRecordedIsNotAnswered":                  TestWhatCannotBeRecordedIsNotAnswered,
		"TestARecordThatFailedAlthoughItHappenedReleasesNothing": TestARecordThatFailedAlthoughItHappenedReleasesNothing,
		"TestAStoreThatFailsReleasesNothingAndIsRecorded":        TestAStoreThatFailsReleasesNothingAndIsRecorded,
		"TestAnIncludeThatCannotBeReadReleasesNothing":           TestAnIncludeThatCannotBeReadReleasesNothing,
		"TestAWithdrawalBetweenDecisionAndRecordReleasesNothing": TestAWithdrawalBetweenDecisionAndRecordReleasesNothing,
		"TestAWithdrawalReleasesNothingOfWhatIsInMemory":         TestAWithdrawalReleasesNothingOfWhatIsInMemory,
		"TestACallerWhoLeavesIsRecordedOnce":                     TestACallerWhoLeavesIsRecordedOnce,
		"TestWhatReleasesNothingAndAHistoryWaitForTheBeat":       TestWhatReleasesNothingAndAHistoryWaitForTheBeat,
		"TestEveryAnswerHasExactlyOneRecord":                     TestEveryAnswerHasExactlyOneRecord,
		"TestAWithdrawalTakesEffectOnTheNextRequest":             TestAWithdrawalTakesEffectOnTheNextRequest,
		"TestNotModifiedIsRecordedAsItIsAnswered":                TestNotModifiedIsRecordedAsItIsAnswered,
		"TestANarrowerCopyHasAnotherTag":                         TestANarrowerCopyHasAnotherTag,
		"TestAnyOfTheNamedVersionsIsNotModified":                 TestAnyOfTheNamedVersionsIsNotModified,
		"TestANewRegisterBetweenDecisionAndRecordIsDecidedBy":    TestANewRegisterBetweenDecisionAndRecordIsDecidedBy,
	},
	"faultwrite_test.go": {
		"TestAnEditTakesItsStepsAndNoOthers": TestAnEditTakesItsStepsAndNoOthers,
		"TestAStoreThatFailsInAChange":       TestAStoreThatFailsInAChange,
	},
	"hidden_test.go": {"TestHiddenChangesMoveNoVersion": TestHiddenChangesMoveNoVersion},
	"paging_test.go": {
		"TestNoWalkLosesOrRepeats":                   TestNoWalkLosesOrRepeats,
		"TestPagesOfOneGiveEachGoalOnce":             TestPagesOfOneGiveEachGoalOnce,
		"TestPagesStayStableWhileRecordsAreWritten":  TestPagesStayStableWhileRecordsAreWritten,
		"TestALinkTellsNothingOfAPosition":           TestALinkTellsNothingOfAPosition,
		"TestACursorIsGoodForItsCallerAndTypeAlone":  TestACursorIsGoodForItsCallerAndTypeAlone,
		"TestACursorThatWasTamperedWithIsRefused":    TestACursorThatWasTamperedWithIsRefused,
		"TestACursorLivesFiveMinutes":                TestACursorLivesFiveMinutes,
		"TestACursorMayComeWithTheFormat":            TestACursorMayComeWithTheFormat,
		"TestEveryNextLinkIsShortEnoughToBeFollowed": TestEveryNextLinkIsShortEnoughToBeFollowed,
		"TestASearchToTheEndOfTheCalendarHasPages":   TestASearchToTheEndOfTheCalendarHasPages,
	},
}

// TestAttacksOnPostgreSQL runs the tests that attack the gateway again, with PostgreSQL under
// it: what holds with one store holds with every other.
func TestAttacksOnPostgreSQL(t *testing.T) {
	server := postgrestest.Start(t)
	open := func(address string) (store.Store, error) { return postgres.Open(context.Background(), address) }
	server.Copy(t, func(address string) error {
		s, err := open(address)
		if err != nil {
			return err
		}
		return s.Close()
	})
	inMemory, every := newStore, memoryUses
	t.Cleanup(func() { newStore, memoryUses = inMemory, every })
	memoryUses = []memoryUse{losing} // which asks the store, and memory, at random
	opened := 0
	newStore = func(t *testing.T) store.Store {
		t.Helper()
		s, err := open(server.Database(t))
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		opened++
		return s
	}
	for file, tests := range attacks {
		for name, test := range tests {
			before, ran := opened, false
			t.Run(name, func(t *testing.T) { ran = true; test(t) })
			if ran && opened == before {
				t.Errorf("%s asked nothing of PostgreSQL", name)
			}
		}
		for _, name := range testsIn(t, file) {
			if tests[name] == nil {
				t.Errorf("%s of %s is left out", name, file)
			}
		}
	}
}

// testsIn are the names of the tests in a file.
func testsIn(t *testing.T, file string) (names []string) {
	t.Helper()
	parsed, err := parser.ParseFile(syntax.NewFileSet(), file, nil, 0)
	must(t, err)
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
			names = append(names, f.Name.Name)
		}
	}
	return names
}
