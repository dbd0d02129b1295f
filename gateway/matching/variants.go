package matching

import "strings"

// particles stand before many names and are none by themselves.
var particles = words(`ap ab fab mab ferch verch merch uch o mac mc fitz st saint van von der den de del della di da dos du la le el al bin binti ibn bint`)

// groups are names that are one another's Welsh or English form, or a well-known short
// form: people are written down under either. A name may stand in several groups, and
// what shares a group with it is a form of it; the groups are not joined. Names that
// only sound alike, or that had one origin long ago, do not belong here.
const groups = `
Siân Jane Jayne
Sioned Janet
Siwan Joan Joanna
Siôn John Ioan Ieuan Ifan Iwan Evan Jack Jac
Steffan Stephen Steven Steve
Dafydd David Dewi Dai Dave Deio Davy
Rhys Rees Reece Reese
Gruffudd Gruffydd Griffith Guto
Hywel Howell Howel
Llywelyn Llewelyn Llewellyn
Gwilym Wiliam William Will Wil Bill Billy
Mair Mari Mary
Marged Margred Mared Margaret Maggie Peggy
Catrin Catherine Katherine Katharine Kathryn Kathleen Cadi Kate Katie Cathy
Elisabeth Elizabeth Betsi Betsy Beti Betty Beth Liz Lisa
Elen Ellen Helen Elin
Alys Alice
Ann Anne Anna Annie
Sara Sarah
Lowri Laura
Rebeca Rebecca Becky
Rahel Rachel
Siwsan Susan Sue Susie
Gwenllian Gwen
Gwenhwyfar Jennifer Jenny
Dilys Phyllis
Nansi Nancy
Megan Meg
Tomos Thomas Tom Twm
Harri Harry Henry
Huw Hugh Hew
Ifor Ivor
Owain Owen
Robat Robert Rob Robbie Bob Bobby
Rhisiart Richard Dic Dick Rick Rich
Edwart Edward Ned Ted Ed
Siôr George
Siarl Charles Charlie
Iago James Jim Jimmy
Siams James Jim
Pedr Peter Pete
Pawl Paul
Mihangel Michael Mike Mick
Andras Andrew Andy
Marc Mark
Mathew Matthew Matt
Luc Luke
Alun Alan Allan Allen
Rolant Roland Rowland
Lewys Lewis Louis
Morus Morris Maurice
Emrys Ambrose
Tudur Tudor
Joseff Joseph Joe
Samwel Samuel Sam
Daniel Dan Danny
Beniamin Benjamin Ben
Antoni Anthony Tony
Cristofer Christopher Chris
Nicolas Nicholas Nick
Alexander Alex Alec
Patrick Pat Paddy Padrig
Patricia Pat Trish
Deborah Debbie
Victoria Vicky
Christina Tina
Amanda Mandy
Evans Ifans
Griffith Griffiths Gruffudd Gruffydd
Lloyd Llwyd Loyd
Rees Rhys Reese
Price Prys Pryce Preece apRhys
Powell apHywel
Parry apHarri
Pugh apHuw
Probert apRobert
Prichard Pritchard apRhisiart
Bowen abOwen abOwain
Bevan abIeuan abIfan abEvan
Beynon abEinon
Williams Wiliam Wiliams William
Howell Howells Hywel
Hughes Huws Huw
Davies Davis Dafis
Jones Jôns
Edwards Edwart Edward
Roberts Robats Robert
Richards Richard Rhisiart
Thomas Tomos
Morris Morus
Owen Owens Owain
Lewis Lewys Louis
Llewellyn Llewelyn Llywelyn
Jenkins Jenkin Siencyn
Harris Harries
Vaughan Fychan
Wynne Wynn Gwyn Gwynne Gwynn
Gough Goch
Meredith Maredudd Meredydd
Rowlands Rowland Rolant
Ellis Elis
Hopkins Hopkin Hopcyn
Watkins Watkin Watcyn
Matthews Mathews
Phillips Philips Phylip
Stephens Stevens
`

// variants are the other forms of a folded name.
var variants = func() map[string][]string {
	forms := map[string][]string{}
	for line := range strings.Lines(groups) {
		group := fold(line)
		for i, name := range group {
			forms[name] = append(append(forms[name], group[:i]...), group[i+1:]...)
		}
	}
	return forms
}()

func words(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}
