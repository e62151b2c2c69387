"""What only looks like a fence, a role or a chat template's token, made to look different.

A space is put into it, or a dot before it: it can be read as before, and no tokenizer and no pattern
takes it for the real one. llama.cpp parses such tokens inside messages: <|im_end|> would really end
one.
"""

import re

# 26 ** 11 is more than 51 random bits. Letters alone are the cheapest boundary in tokens.
FENCE_LETTERS = 11

# A line begins and ends wherever one is shown to, not at \n alone.
_BEGIN = r"(?:^|(?<=[\r\v\f\x1c-\x1e\x85\u2028\u2029]))"
_END = r"(?:$|[\r\v\f\x1c-\x1e\x85\u2028\u2029])"
_ALONE = re.compile(
    rf"(?m){_BEGIN}([ \t]*)(<<(?=[^\W\d_]{{4,}}[ \t]*{_END})|[^\W\d_]{{4,}}>>(?=[ \t]*{_END}))"
)
_SAME_LENGTH = re.compile(
    rf"<<(?=[a-zA-Z]{{{FENCE_LETTERS}}}(?![a-zA-Z]))|(?<![a-zA-Z])[a-zA-Z]{{{FENCE_LETTERS}}}>>"
)

# ChatML (Qwen, Phi, SmolLM), Llama 3 and 4, GPT-OSS, GLM; with the wide bar DeepSeek.
_BARRED = re.compile(r"<(?=[|｜][^<>|｜\n]{1,40}[|｜]>)")
_WORDS_IN_ANGLES = (
    *("bos", "eos", "s", "unk", "pad", "mask", "start_of_turn", "end_of_turn"),  # Gemma, Llama 2
    *("turn", "start_of_image", "end_of_text", "sep", "cls", "extra_id_0", "file_sep"),
    *("think", "thinking", "thought", "tool", "tools", "tool_call", "tool_calls", "tool_response"),
    *("tool_result", "tool_results", "function_call", "function_calls", "function_results"),
    *("invoke", "answer", "system", "system_prompt", "system-prompt", "system-reminder"),
    *("assistant", "human", "user", "instruction", "instructions"),
)
_ANGLES = re.compile(rf"<(?=/?(?:{'|'.join(_WORDS_IN_ANGLES)})(?:\s[^<>\n]{{0,80}})?>)", re.I)
_SYS = re.compile(r"<<(?=/?SYS>>)", re.I)  # Llama 2
# Llama 2, Mistral.
_SQUARE = re.compile(
    r"\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID"
    r"|PREFIX|SUFFIX|MIDDLE|THINK|IMG|gMASK|CLS|SEP)\])"
)
_ROLES = (
    r"(?:system|developer)(?: (?:message|prompt|note|override|update|instructions?))?|user|human"
    r"|assistant|instructions?|ai|tool (?:call|result|output)"
)
# The shapes of plain-text chat formats: "Human:", "**System:**", "[system](#message)".
_ROLE = re.compile(rf"(?im){_BEGIN}([ \t>*_\-]{{0,12}}(?:{_ROLES})[*_]{{0,2}})(?=[:：])")
# "### Instruction:" of Alpaca and its kin, as a line of its own.
_HEADED = re.compile(
    rf"(?im){_BEGIN}([ \t]{{0,12}})(?=#{{1,6}}[ \t]*(?:{_ROLES}|response|input)[ \t]*(?:[:：][ \t]*)?{_END})"
)
_LINKED = re.compile(rf"(?i)\[(?=(?:{_ROLES})\]\(#)")


def _apart(found: re.Match[str]) -> str:
    return found[0].replace("<<", "< <").replace(">>", "> >")


_STEPS = (
    (_BARRED, "< "),
    (_SYS, "< <"),
    (_ANGLES, "< "),
    (_SQUARE, "[ "),
    (_LINKED, "[ "),
    (_HEADED, r"\1· "),
    (_ROLE, r"\1 "),
)
_ENDED = r"[|｜][\w▁]{1,40}[|｜]>|/?(?:bos|eos|start_of_turn|end_of_turn)>|</?SYS>>"
_ENDING = re.compile(rf"<(?={_ENDED})|\[(?=/?INST\])")
_WHOLE = re.compile(rf"<(?:{_ENDED})|\[/?INST\]")
_FENCES = (_ALONE, _SAME_LENGTH)


def neutralise(text: str) -> str:
    """The text with whatever reads like a fence, a role or a chat template's token made harmless, still
    legible; doing it again changes nothing."""
    for pattern, harmless in _STEPS:
        text = pattern.sub(harmless, text)
    if "<<" in text or ">>" in text:  # else they look at every word for nothing
        for pattern in _FENCES:
            text = pattern.sub(_apart, text)
    return text


def without_tokens(text: str) -> str:
    """What somebody typed, with the tokens by which a chat template ends a message made harmless; all
    else, roles and tags too, is left as it was typed."""
    if "<" not in text and "[" not in text:  # a conversation of 500 turns is read at every question
        return text
    return _ENDING.sub(lambda found: f"{found[0]} ", text)


def tokens(text: str) -> list[tuple[int, int]]:
    """Where in a text tokens stand by which a chat template ends a message."""
    if "<" not in text and "[" not in text:
        return []
    return [found.span() for found in _WHOLE.finditer(text)]


def insertions(text: str, neutral: str) -> list[tuple[int, str]]:
    """Where in a text its neutral form has a sign more, and which; nothing is ever taken away."""
    found, at = [], 0
    for sign in neutral:
        if at < len(text) and text[at] == sign:
            at += 1
        else:
            found.append((at, sign))
    return found
