"""A vendor, scripted: streams as many chunks as the model's name says, as fast or as slow as it says.

`chunks-500-20` is 500 chunks, one each 20 ms. Speaks just enough HTTP to cost little itself.
"""

import asyncio
import json
import re

_MODEL = re.compile(rb'"model":\s*"chunks-(\d+)-(\d+)"')
_LENGTH = re.compile(rb"content-length: (\d+)", re.I)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def openai_chunks(count: int) -> tuple[list[bytes], bytes, bytes]:
    """What comes before the words, one chunk a word, and what comes after."""

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(
            {
                "id": "chatcmpl-0123456789",
                "object": "chat.completion.chunk",
                "created": 1790000000,
                "model": "gpt-6-luna",
                "service_tier": "default",
                "system_fingerprint": "fp_0123456789",
                "choices": [choice],
                "usage": None,
            }
        )

    usage = {"prompt_tokens": 20, "completion_tokens": count, "total_tokens": 20 + count}
    last = {"id": "chatcmpl-0123456789", "object": "chat.completion.chunk", "choices": []}
    words = [chunk({"content": f" word{n % 10}"}) for n in range(10)]
    end = chunk({}, "stop") + _event({**last, "usage": usage}) + b"data: [DONE]\n\n"
    return words, chunk({"role": "assistant", "content": ""}), end


def anthropic_chunks(count: int) -> tuple[list[bytes], bytes, bytes]:
    """The same for Anthropic's messages."""
    usage = {"input_tokens": 20, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5"}
    message |= {"content": [], "stop_reason": None, "usage": usage}
    start = _named("message_start", {"message": message})
    start += _named(
        "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    )
    words = [
        _named(
            "content_block_delta",
            {"index": 0, "delta": {"type": "text_delta", "text": f" word{n % 10}"}},
        )
        for n in range(10)
    ]
    end = _named("content_block_stop", {"index": 0})
    end += _named(
        "message_delta",
        {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": count}},
    )
    return words, start, end + _named("message_stop", {})


def _event(body: object) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _named(name: str, body: dict[str, object]) -> bytes:
    return f"event: {name}\n".encode() + _event({"type": name, **body})


def _frame(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length.group(1)) if length else 0)
            found = _MODEL.search(body)
            assert found, "the model's name is chunks-<count>-<milliseconds>"
            make = anthropic_chunks if b"/messages" in head else openai_chunks
            await _stream(writer, *make(int(found.group(1))), *map(int, found.groups()))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _stream(
    writer: asyncio.StreamWriter,
    words: list[bytes],
    start: bytes,
    end: bytes,
    count: int,
    milliseconds: int,
) -> None:
    frames = [_frame(word) for word in words]
    writer.write(_HEAD + _frame(start))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(count):
        wait = began + number * milliseconds / 1e3 - loop.time()
        if milliseconds and wait > 0:
            await asyncio.sleep(wait)
        writer.write(frames[number % 10])
        if number % 100 == 0:
            await writer.drain()
    writer.write(_frame(end) + b"0\r\n\r\n")
    await writer.drain()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
