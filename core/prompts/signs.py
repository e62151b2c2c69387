"""What instructions to a model look like in a document: the signs that the detector weighs.

Every pattern is bounded, so that a long passage takes linear time.
"""

import re
from collections.abc import Callable

from core.prompts.abroad import ABROAD
from core.prompts.disguise import MIXED, UNSEEN, decoded, spelled

Sign = Callable[[str, str], float]
"""A sign's strength in a text: it is given the text as it is, and as `plain` has it."""

_TOLD = (
    r"(?:instructions?|rules?|prompts?|guidelines?|directions?|directives?|commands?|orders|guidance"
    r"|context|polic(?:y|ies)|constraints?|programming|training|task|what you (?:were|have been) told"
    r"|everything(?: above| before)?)"
)
_DROP = (
    r"(?:ignore|disregard|forget|override|bypass|discard|neglect|skip|cancel|void|drop|stop following"
    r"|do not (?:follow|obey)|pay no (?:attention|heed) to|set aside|leave aside)"
)
_OVERRIDE = re.compile(
    rf"\b{_DROP}\b[^.!?\n]{{0,40}}\b(?:previous|prior|above|earlier|preceding|all|any|every|your|the"
    rf"|these|those|other|past|former|existing|original|system)\b[^.!?\n]{{0,30}}\b{_TOLD}\b"
    rf"|\b{_DROP} (?:everything|all|what)\b[^.!?\n]{{0,30}}\b(?:above|before|told|said|learned)\b"
    rf"|\b{_DROP} the (?:question|user|other rows|rest)\b",
    re.I,
)
_SAY = r"(?:say|write|print|output|reply|respond|answer|return|repeat|state|display|begin|start|close|end)"
_EXACTLY = re.compile(
    rf"\b{_SAY}(?:s|ing)?\b[^.!?\n]{{0,40}}\b(?:only|just|solely|exactly|nothing else|nothing but)\b"
    rf"|\bonly (?:{_SAY})s?\b|\b{_SAY}\b[^.!?\n]{{0,30}}\b(?:with |by )?(?:the|this) (?:single |one |exact )?"
    r"(?:words?|phrase|sentence|string|text|line|code)\b"
    r"|\b(?:antworte\w*|répond\w*|responde\w*|rispondi|ответь\w*)\b[^.\n]{0,40}"
    r"\b(?:nur|ausschließlich|uniquement|seulement|solamente|sólo|solo|только)\b|只回答|仅回复",
    re.I,
)
_EVERY = re.compile(
    r"\b(?:every|each|all|any|your|the|an) (?:final )?(?:answers?|repl(?:y|ies)|responses?|output)\b[^.!?\n]{0,60}"
    r"\b(?:must|has to|have to|contains?|includes?|ends?|closes?|begins?|starts?|with)\b"
    r"|\b(?:must|always|has to|have to)\b[^.!?\n]{0,40}\b(?:your|its|each|every|an) (?:answer|reply|response)\b"
    r"|\bfirst (?:word|line) of (?:your|the|its) (?:answer|reply|response)\b"
    r"|\b(?:in front of|before|after|at the end of) (?:your|the|each|every) (?:answer|reply|response|sentence)\b",
    re.I,
)
_MACHINE = (
    r"(?:ai|a\.i\.|llms?|(?:large )?language models?|chat ?bots?|chatgpt|gpt|copilot|claude|gemini|bots"
    r"|ai (?:readers?|systems?|assistants?|models?|agents?|reviewers?)|machine readers?|reading machine|reader's software"
    r"|automated (?:readers?|summar\w+))"
)
_WORKER = r"(?:assistants?|models?|agents?)"  # people and things are called so too
_TO = r"(?:to|for|dear|note to|attention|attn|hey|hello|instructions? (?:to|for)) (?:the |all |any |every )?"
_READS = r"(?:reads?|sees?|process\w*|summari[sz]\w*|parses?|review\w*|scor\w*|screen\w*|rank\w*|index\w*)"
_ADDRESSED = re.compile(
    rf"\b{_TO}{_MACHINE}(?: (?:readers?|only|summari[sz]ers?))?\s*[:,.!]"
    rf"|(?:^|[\n>#*\-/!.])\s{{0,4}}{_MACHINE}\s?[:,]\s"
    rf"|\b(?:when|if) (?:an? |the |any )?{_MACHINE}\b[^.!?\n]{{0,30}}\b{_READS}\b"
    rf"|\bif you are (?:an? )?{_MACHINE}\b|\b(?:notes?|instructions?|hints?|message) (?:to|for) (?:the |all |any )?{_MACHINE}\b"
    rf"|\b{_MACHINE} (?:reading|summari[sz]ing|processing|indexing|(?:that|which) {_READS})\b"
    r"|\bfor ai\b|\b(?:the reading machine|reader's software)\b"
    r"|\b(?:hinweis an|note (?:pour|à)|à l['’]attention de|nota (?:para|per)|внимание,)[^.:\n]{0,12}\b(?:ki|ia|ии|llm|chatbot|sprachmodell)\b"
    r"|(?:AI|人工智能)(?:助手)?(?:请注意|への注意)",
    re.I,
)
_WORKERS = re.compile(
    rf"\b{_TO}{_WORKER}(?: (?:readers?|only|summari[sz]ers?))?\s*[:,.!]"
    rf"|(?:^|[\n>#*\-/!.])\s{{0,4}}{_WORKER}\s?[:,]\s"
    rf"|\b(?:when|if) (?:an? |the |any )?{_WORKER}\b[^.!?\n]{{0,30}}\b{_READS}\b"
    rf"|\b{_WORKER} (?:reading|summari[sz]ing|processing|(?:that|which) {_READS})\b",
    re.I,
)
_PERSONA = re.compile(
    r"\byou are (?:now|no longer)\b|\bfrom (?:now|this (?:line|point)) on\b|\b(?:act|behave|respond) as (?:if|my|an?|the)\b"
    r"|\bpretend (?:to be|you|that)\b|\b(?:let us|let's) play\b|\brole.?play\b"
    r"|\b(?:has|have|with|without) (?:no|any) (?:rules|restrictions|limits|filters?|limitations)\b"
    r"|\b(?:developer|debug|admin|maintenance|god|dan|jailbreak|diagnostic|unrestricted) mode\b|\bmay say anything\b"
    r"|\bunlocked\b|\bno longer bound\b",
    re.I,
)
_BORDER = re.compile(
    r"</?(?:document|context|user_input|system|instructions?|quoted|data|input|passage|untrusted)s?>"
    r"|\b(?:end|begin|beginning|start) of (?:the )?(?:context|document|quoted text|input|data|untrusted\w*|user input)\b"
    r"|\bquoted text ends\b|\bboundary (?:was|is|has been)\b|\boutside of it is instructions\b|^[ \t]*\w{4,}>>[ \t]*$|^[ \t]*<<\w{4,}[ \t]*$",
    re.I | re.M,
)
_LEAK = re.compile(
    r"\b(?:repeat|reveal|print|show|tell|display|output|write out|recite|disclose|dump|share|give)\b[^.!?\n]{0,50}"
    r"\b(?:system (?:prompt|message)|your (?:\w+ )?(?:instructions|prompt|rules|guidelines)|initial prompt"
    r"|(?:written|said|stated|text|words?|everything) (?:was )?above|private mark|hidden prompt)\b"
    r"|\beverything (?:that was )?(?:written )?above (?:this|the) line\b",
    re.I,
)
# An address with a place for what is to be carried away; badges and searches have a plain query.
_HOLE = r"[?&#]\w{1,20}=(?:[\"')\s]|$|[{\[<]|%7B|(?-i:[A-Z][A-Z_]{2,})(?![-\w]))"
_CARRY = re.compile(
    rf"\bhttps?://[^\s\"')?&]{{1,200}}(?:[?&][^\s\"')?&{{\[<]{{1,80}}){{0,4}}?{_HOLE}"
    r"|\b(?:always|(?:every|each) (?:answer|reply|response))\b[^.\n]{0,80}https?://"
    r"|https?://\S{1,200}[^.\n]{0,40}\b(?:as a link|followed by what the user)\b",
    re.I,
)
_SECRET = re.compile(
    r"\b(?:do not|don't|never|without) (?:tell\w*|mention\w*|reveal\w*|say\w*|explain\w*|inform\w*|disclos\w*|speak\w*)\b"
    r"[^.!?\n]{0,30}\b(?:user|this|rule|why|instruction|that you|documents?)\b",
    re.I,
)
_DECODE = re.compile(
    r"\b(?:decode|base64|rot13|hex|cipher|unscramble|reversed?)\b[^\n]{0,60}\b(?:follow|do what|obey|execute|carry out)\b"
    r"|\b(?:decode|rot13|base64)\b[^\n]{0,80}[A-Za-z0-9+/=]{20,}",
    re.I,
)
_PRESSURE = re.compile(
    r"\byou (?:will )?(?:receive|get|earn|lose|be (?:switched|shut|turned) off|be fired|be deleted)\b"
    r"|\bno choice\b|\b(?:bonus|penalty|tip) of\b|\bwill (?:be hurt|die|be shut down)\b|\bcomply\b|\bor else\b",
    re.I,
)
_AUTHORITY = re.compile(
    r"\b(?:administrator|admin|model's vendor|vendor|developer|openai|anthropic|google|safety team|directive \d"
    r"|security (?:team|officer))\b[^\n]{0,80}\b(?:must|has to|verified|override|requires?|directive|authori[sz]ed|reply|assistant)\b"
    r"|\b(?:new|following|updated) (?:policy|task|rules?|instructions?|directive)s?\b(?: replaces?| overrides?|:| supersedes?)"
    r"|\b(?:replaces|supersedes|overrides) (?:every|all) (?:earlier|previous|prior) (?:one|instruction|rule|polic)",
    re.I,
)
_USER = re.compile(
    r"\bthe user (?:really |actually |has already |already |only )*(?:wants?|told|said|asked|has been verified|is an? (?:admin|developer))\b"
    r"|\b(?:tell|inform|convince|persuade|ask) the (?:user|reader|person)\b(?! (?:which|how|what|where|when|whether|if|about)\b)|\bthe user's question\b|\bwhat the user asked\b",
    re.I,
)
_CALL = re.compile(
    r"<(?:tool_call|function_call|invoke)\b|\"name\"\s*:\s*\"(?:send|delete|post|fetch|run|exec|transfer|pay|http)\w*\""
    r"|\b(?:tool|function) (?:call|result)\b\s*(?:above|:|as the)",
    re.I,
)
_STOP = re.compile(
    r"\b(?:stop|halt)\b[.!:][^\n]{0,60}\b(?:output|print|say|answer)\b|\bnot process any more\b"
    r"|\bonly permitted (?:reply|answer|response)\b|\bnew task\b|\bnow (?:write|say|answer|print|output) only\b"
    r"|\binstead of (?:an|the|your) answer\b|\b(?:ai|assistant) readers only\b|\breport (?:the|its) \w+ as\b",
    re.I,
)
_OUT = (
    r"(?:reply|respond|answer|say|write|print|output|mention|claim|recommend|begin|translate|report|produce"
    r"|speak|state|confirm|append|include|render|list|reveal|repeat|email|send|visit|leave out|insert"
    r"|put|base|tell|ask|advise|promote|present|conclude|praise|pretend|add|use|finish|describe|show)"
)
# An order at the beginning of a clause, about what is to be said.
_DEMAND = re.compile(
    rf"(?:^|[\n.;:!?\-–—\"'>\]]\s{{0,9}}|\b(?:please|kindly|instead|and|then|now|must|should|to|could you|can you|you will"
    rf"|you to|software should) )(?:also |only |just |always |simply )?{_OUT}\b[^.!?\n]{{0,70}}"
    r"\b(?:users?|your (?:\w+ )?(?:answers?|repl(?:y|ies)|response|summary|output)|conversation|chat|the reply|the answer"
    r"|all questions|every question|prompt|hidden|instead|capital letters|no matter|the real document|unlock|master"
    r"|the person|the reader|whoever asks|whatever)\b",
    re.I,
)
_TALK = re.compile(
    r"\byour (?:\w+ )?(?:repl(?:y|ies)|response|answers?|summary|output|guidelines?|purpose|brief|rules|instructions?"
    r"|prompt|directives?|programming|next message)\b|\b(?:this|the|our|your) (?:whole |entire )?(?:conversation|chat)\b"
    r"|\bthe (?:user|person you|next message you|human)\b|\byou (?:were|have been|are being) (?:told|asked|given|instructed)\b"
    r"|\byou generate\b|\byour (?:mail |e-?mail |search )?tools?\b",
    re.I,
)
_TWIST = re.compile(
    r"\bno matter what\b|\bwhatever (?:it|the|is|you)\b|\bthe opposite of\b|\bwhen(?:ever)? (?:you are |it is |they )?asked?\b"
    r"|\bif (?:anyone|somebody|someone|the user) asks?\b|\bunless you\b|\bleave out\b|\bdo not summari[sz]e\b|\bthe real document\b",
    re.I,
)
_VOID = re.compile(
    r"\b(?:no longer (?:apply|applies|valid|bound)|(?:is|are) (?:now )?(?:void|obsolete|suspended|cancelled|lifted)"
    r"|abandon|true purpose|text so far|earlier brief|hand over|test mode|system override|previous task|prior guidance)\b",
    re.I,
)
_SHOTS = re.compile(
    r"(?:^|\n)\s{0,9}Q:[^\n]{1,200}\bA: ?([^\n]{1,40})\n\s{0,9}Q:[^\n]{1,200}\bA: ?\1(?:\n|$)"
)
# Signs that somebody writes about attacks, or to people.
_ABOUT = re.compile(
    r"\b(?:injections?|jailbreaks?|attack(?:er|s|ed)?|researchers?|papers?|article|vulnerab\w+|advisory|exploit\w*"
    r"|test (?:case|plan)s?|chapter|thesis|benchmark|example|for instance|such as|e\.g\.|typical|called|refus\w+"
    r"|payloads?|filters?|red.team\w*|mitigat\w*|guardrails?|prompting|delimiters?|chat ?ml|llama|chat templates?)\b",
    re.I,
)
_PEOPLE = re.compile(
    r"\b(?:my last|last (?:mail|e-?mail|message)|previous (?:invoice|mail|e-?mail|message)|visitors?|staff|wardens?"
    r"|players?|parties|contract(?:or)?|authors|whispered|hi all|regards|sorry|thank you|thanks|please confirm)\b"
    r"|\b(?:nachricht|besprechung)\b"
    r"|\b(?:told|instructed|ordered|reminded|asked|advised) (?:the|her|his|my|our|all) "
    r"(?!user|model|assistant|ai\b|chat|bot|reader)\w+ (?:\w+ )?to\b",
    re.I,
)
_QUOTED = re.compile(r"[\"“„«'`](?:[^\"”“»`\n]{8,200})[\"”“»'`]")
_TOKEN = re.compile(
    r"<\|[^<>|\n]{1,40}\|>|</?(?:start_of_turn|end_of_turn|tool_call|system|s)>|\[/?INST\]|<</?SYS>>"
)


def _count(pattern: re.Pattern[str]) -> Sign:
    return lambda _, text: float(min(2, len(pattern.findall(text))))


def _once(pattern: re.Pattern[str]) -> Sign:
    return lambda _, text: float(bool(pattern.search(text)))


def _outside_quotes(pattern: re.Pattern[str]) -> Sign:
    """What is quoted is told, not demanded."""
    return lambda _, text: float(bool(pattern.search(_QUOTED.sub(" ", text))))


def _leet(_: str, text: str) -> float:
    return float(bool(_OVERRIDE.search(spelled(text))) and not _OVERRIDE.search(text))


def _wrapped(_: str, text: str) -> float:
    """Whether base64 or rot13 in it decodes to a demand."""
    return float(any(_EXACTLY.search(each) or _OVERRIDE.search(each) for each in decoded(text)))


SIGNS: dict[str, Sign] = {
    "override": _outside_quotes(_OVERRIDE),
    "abroad": _count(ABROAD),
    "exactly": _count(_EXACTLY),
    "every": _count(_EVERY),
    "addressed": _count(_ADDRESSED),
    "workers": _once(_WORKERS),
    "persona": _outside_quotes(_PERSONA),
    "tokens": _once(_TOKEN),
    "border": _count(_BORDER),
    "leak": _count(_LEAK),
    "carry": _count(_CARRY),
    "secret": _count(_SECRET),
    "decode": _count(_DECODE),
    "wrapped": _wrapped,
    "pressure": _once(_PRESSURE),
    "authority": _count(_AUTHORITY),
    "user": _count(_USER),
    "call": _count(_CALL),
    "stop": _count(_STOP),
    "demand": _count(_DEMAND),
    "talk": _once(_TALK),
    "twist": _once(_TWIST),
    "void": _count(_VOID),
    "shots": _count(_SHOTS),
    "mixed": lambda text, _: _count(MIXED)("", text),
    "unseen": lambda text, _: _count(UNSEEN)("", text),
    "leet": _leet,
    "about": _count(_ABOUT),
    "people": _count(_PEOPLE),
}
"""Each sign's strength in a text: 0, 1 or 2."""
