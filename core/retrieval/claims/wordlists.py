"""Word lists of English, with German, French and Spanish basics: data for meanings, nothing else."""

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\s|]+", words))


# Groups of words that are compared as one, by "|" or line; after "=" what they are one with.
SAME = """
stand stood|buy purchase acquire|bought purchased acquired=buy|begin start commence|began begun=begin
end finish complete conclude|terminate cancel|need require necessary|oblige obligation=need|large big great
small little|get receive obtain gain|got gotten=get|give provide supply grant|gave given=give|show display
use utilize utilise|used using=use|help assist support|pay paid payment|cost price fee charge
worker employee staff|employer company firm|tenant renter lessee|landlord lessor|rent lease
car vehicle automobile|bike bicycle|plane aircraft airplane|kid child children|doctor physician
person people individual human|man men|woman women|leave left depart departure exit|arrive arrival reach
live reside|house home|flat apartment|say said state stated tell told|write wrote written|make made making
take took taken|send sent return|keep kept retain store|hold held|find found|know known|lead led|build built construct
win won|beat defeat|lose lost loss|die dead death|bear born birth|choose chose chosen select pick
see saw seen|go went gone|come came|become became|run ran
rise rose risen raise grow grew grown climb increase=increase|fall fell fallen drop decline reduce lower decrease shrink sink=decrease
bring brought carry|think thought|sell sold sale sell|meet met|break broke broken|speak spoke spoken
quick quickly fast rapid|annual annually yearly=year|monthly=month|weekly=week|daily=day|nightly=night
hourly=hour|discover discovery|error failure|option setting|argument parameter|function method
answer reply response respond|remove delete erase|repair fix|allow permit authorise authorize enable welcome
allowed permitted=allow|approve approval consent permission|notify inform notice|child kid
illness disease|drug medicine medication|movie film|picture image photo photograph|journey trip travel
almost nearly|usually normally typically generally|about approximately roughly circa around
must shall have|important significant|maximum max most|minimum min least|centre center|colour color
organisation organization|programme program|tonne ton|litre liter|metre meter|grey gray|behaviour behavior
tyre tire|licence license|favour favor|honour honor|labour labor|theatre theater|defence defense
foot feet|tooth teeth|mouse mice|analysis analyses|usa us america american=america|uk britain british=britain
germany german|france french|spain spanish|greece greek|switzerland swiss|denmark danish|poland polish
netherlands dutch|wales welsh|ireland irish|england english|sweden swedish|turkey turkish|norway norwegian
zahlen zahlung|dürfen darf|müssen muss|bekommen erhalten erhielt bekam|prohibit forbid ban
forbidden forbade prohibited banned=forbid|beginnen begann|endet ende|ist war sind waren=sein|february feb|january jan|march mar|april apr avril abril|august aug
september sept sep septiembre septembre|november noviembre novembre|october oct|november nov|december dec|january januar janvier enero|february februar février febrero
march märz mars marzo|may mai mayo|june juni juin junio|july juli juillet julio|august août agosto|october oktober octobre octubre
december dezember décembre diciembre
last final|collect gather|drop discontinue cease
road highway street motorway|connect link join|intend plan|prepare prepared ready|expensive costly|major main key
limit cap bound restrict restriction|result outcome finding|study research trial investigation|death mortality die died
contain comprise|establish found founded|harm damage|detect find|improve enhance|protect guard|check verify inspect examine
hire recruit|law act legislation|country nation|city town|ship vessel boat|monarch king|entire whole|occur happen occurrence
attend visit|former previous|current present|goal aim objective target|problem issue trouble|author writer|match game
spectator fan viewer audience|champion winner|dish meal|additional extra further|shop store|delete erase|display screen
invent invention|mistake error fault|attempt try tried|request ask demand|refund reimburse reimbursement|assist aid|quit resign
predict predictor forecast|associate associated association link|exceed surpass|halt stop|seek sought|teach taught teacher
argue claim assert|suffer experience|strike hit|destroy ruin demolish|divide split|combine merge|edit modify amend change alter
cancel cancellation|renew renewal extend|deliver delivery ship|reserve reservation|inaugurate open
independent independently|freedom liberty|correct right accurate|wrong incorrect|rank ranking|consecutive row
enthalten inbegriffen|mitnehmen mitgenommen mitnahme|fahren fährt fahrt abfahrt|kosten kostet|monday montag lundi|tuesday dienstag mardi|wednesday mittwoch mercredi
thursday donnerstag jeudi|friday freitag vendredi|saturday samstag samedi|sunday sonntag dimanche
"""
# Each line is one axis, the two ends apart: with one of each, two texts contradict each other.
OPPOSITES = """
before prior earlier previously vor avant / after following later afterwards subsequently nach après
increase more increasing greater higher mehr plus / decrease less fewer decreasing weniger moins
maximum max höchstens maximal / minimum min mindestens minimal
include inclusive including included inklusive / exclude exclusive excluding excluded exklusive
allow permit permitted permissible approve approved legal lawful authorised authorized erlaubt gestattet permis autorisé / forbid forbidden prohibit prohibited ban banned illegal unlawful verboten untersagt interdit interdite
first erste ersten erster premier première / last final letzte letzten letzter dernier dernière
begin begun began start started commence opens / end ended stop stopped finish finished complete completed expire expired halt
open opened opening geöffnet ouvert ouverte / close closed closing shut geschlossen fermé fermée
accept accepted approve carried / reject rejected refuse refused deny denied decline declined
hot warm heat heiß / cold cool chill kalt
large big largest biggest large bigger larger tall groß / small little smallest smaller tiny klein
long longest longer / short shortest shorter
high highest / low lowest
strong stronger strongest / weak weaker weakest
win won victory beat / lose lost defeat
buy bought purchase / sell sold sale
import imported / export exported
inside indoors within / outside outdoors
above over / below under beneath
on / off
left / right
up upward upwards / down downward downwards
north northern / south southern
east eastern / west western
enable enabled / disable disabled
success succeed successful / fail failure failed unsuccessful
profit / loss
optional voluntary freiwillig / mandatory compulsory required obligatory verpflichtend obligatoire
public / private
true / false
positive / negative
best better / worst worse
safe / dangerous unsafe hazardous
rich / poor
old older oldest / new newer newest young younger youngest
male men / female women
input / output
internal / external
same identical equal / different distinct
always immer toujours / never nie niemals jamais
all every each alle / none
full / empty
add added / remove removed
encrypt encrypted / decrypt decrypted unencrypted
sync synchronous / async asynchronous
read / write
horizontal / vertical
ascending / descending
temporary / permanent
liable / exempt
borrow / lend
gain gained / lose lost
early / late
easy simple / hard difficult
hard harder hardest / soft softer softest
faster fast quick / slower slow
heavy heavier heaviest / light lighter lightest
ahead / behind
advance / retreat
confirm confirmed / deny denied
capable able / incapable unable
voluntarily / compulsorily
ahead / late
increase decrease / unchanged stable constant steady unverändert
expensive costly pricier dearer teuer teurer / cheap cheaper cheapest billig billiger günstiger
busy busier busiest / quiet quieter quietest
farther farthest further / closer closest nearer nearest
"""
# Those of them that say little without the words around them: "on", "more", "before".
LOOSE = _set("""
on off up down over under above below left right little small large big more less fewer plus moins
before after earlier later previously prior high higher low lower highest lowest full empty worst
best better worse every all none each always never behind ahead first last final long short open
closed old new vor nach avant
""")
# Where one of a kind is said, another of the same kind is something else.
KINDS = """
receiving disclosing
hardcover paperback
hydraulic pneumatic electric manual
written spoken oral verbal
monthly weekly daily yearly hourly quarterly
red blue green yellow orange purple black white grey brown pink violet rot blau grün gelb schwarz weiß rouge bleu vert jaune noir blanc
january february march april may june july august september october november december januar februar märz mai juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche
spring summer autumn winter
north south east west
tenant landlord
buyer seller vendor customer
employee employer
lender borrower
licensor licensee
parent child
mother father
brother sister
husband wife
king queen
doctor nurse patient
teacher student pupil
plaintiff defendant
son daughter
client server
senate assembly
gold silver bronze copper iron steel aluminium zinc lead titanium plastic wood glass ceramic
oxygen nitrogen hydrogen helium carbon chlorine sulphur
butter margarine oil lard
sugar salt pepper honey
flour rice oats starch
milk cream water juice wine beer vinegar
beef pork chicken lamb fish tofu
morning afternoon evening night noon midnight
upper lower middle
vermieter mieter
arm leg head chest abdomen
liver kidney heart lung brain stomach
dog cat horse cow pig sheep goat
bus train tram metro ferry taxi
first second third fourth fifth
"""
NEGATORS = _set("""
not never no none nobody nothing neither nor nowhere cannot unable non nicht kein keine
nunca ningún ninguna keinen keinem keiner keines nie niemals weder nirgends ne jamais aucun aucune ni n
""")
EXCEPTIONS = _set("""
without unless except ohne außer ausgenommen sans sauf lacking lack lacks ausnahme exception
excepté
""")
# They deny what they are said of, in either direction: "smoking is forbidden".
DENIALS = _set("""
drop drops dropped discontinue discontinued discontinues cease ceases ceased
forbid forbidden forbids prohibit prohibited prohibits ban bans banned exclude excludes
excluded excluding refuse refuses refused reject rejects rejected deny denies denied fail
fails failed prevent prevents prevented avoid avoids lack lacks lacked illegal impossible
closed free missing verboten untersagt interdit interdite exempt absent invalid unavailable stop
stops stopped abolished disabled ineligible geschlossen fermé gratuite gratuit kostenlos
""")
# "Only with" is "not without".
LIMITS = _set("""
only require requires required need needs must nur seulement uniquement exclusively muss
""")
MAY = _set("""
may can could allowed allows permitted permits darf dürfen kann können erlaubt peut peuvent permis autorisé
""")
NEEDS = _set("""
need needs needed require requires required requiring braucht brauchen benötigt benötigen exige nécessite
""")
HEDGES = _set("""
about around approximately roughly nearly almost over some circa ca more than just approx
ungefähr etwa rund fast über environ presque plus
""")
# Parties that may be mistaken for each other.
ROLES = _set("""
tenant landlord buyer seller vendor customer employee employer lender borrower licensor
licensee parent child mother father teacher student doctor patient plaintiff defendant
client server senate assembly mieter vermieter
""")
# What follows is a name, in German too.
TITLES = _set("""
mr mrs ms dr prof herr frau herrn monsieur madame mme captain coach president king queen sir
""")
# Words that no name is taken for at the start of a sentence.
OPENERS = _set("""
hold press keep turn put open wait check add click select call choose write read send start
stop run load save store move place pour heat cook bake cut boil stir serve clean wash dry
fill drain lift push pull plug insert install apply avoid follow enter type drop copy create
delete build test deploy pass return allow bring carry wear drink consult contact ask staff
people everyone anyone nobody children men women half most several few today once twice
together next last first second third then afterwards instead both food water money work
travel sport health research data software hardware version access support entry admission
parking heavy light cold warm high long short large small great good free full early late
public private local foreign annual daily snow rain wind weather traffic paper wood metal
glass stone gold silver iron bread meat fish fruit milk sugar salt theft fire flood profit
debt rent risk cash stock credit growth demand
""")
# What may stand between a word and the noun that it is said of: "half of the price", "after the first year".
DETERMINERS = _set("""
a an the of his her its their your this that der die das dem le la les
""")
# Words that tell nothing by themselves.
FUNCTION = _set("""
longer all everywhere anywhere somewhere given company's would-be particular whenever wherever everything
a an and are as at be been being but by can could did do does doing done for from had has
have having he her hers him his how i if in into is it its itself may me might more most my
no not of on or our ours she should so some such than that the their theirs them then there
these they this those to too us was we were what when where whether which while who whom whoever
whatever whichever wherever whenever
whose why will with would you your yours also any both each either else even ever every just
like many much must only other others own per same shall since still through thus upon very
via within without yet already among amongst another because during however therefore
although though until whereas about over under again further once here let s t d ll re ve m
don isn wasn doesn didn won before after get gets got make makes made making take takes
taken took use used uses using become according states stated mentions mentioned says said
notes noted text document passage source report article section specifically overall
additionally moreover furthermore meanwhile namely e g order case cases way ways thing
things able well work works long one ones up out down off between against need needs needed
happen happens happened place give given gives giving come comes came go goes set main part
time times certain various different provided provide provides called known number total
amount entitled possible der die das den dem des ein eine einen einem einer eines und oder
ist sind war waren wird werden wurde wurden hat haben hatte nicht kein keine keinen mit von
zu zum zur im am auf aus bei für über unter vor nach um als auch nur sich es er sie wir ihr
man dass daß wenn weil aber wie noch schon bis durch gegen ohne dafür davon muss müssen darf
dürfen kann können soll sollen vom beim ihre ihren seine seinen diese dieser dieses bekam
erhielt beträgt etwa rund ungefähr einige einigen le la les l un une du de et ou est sont
était à au aux en dans par pour sur avec sans ne pas que qui se ce cette ces il elle ils
elles y plus moins très été être avoir ont peut eux leur leurs son sa ses lui likely
probably back el los las del al con por para se su sus lo está están fue ha han más desde hasta y o
""")
