"""Checks `winback lm serve` with the official client of OpenAI: `pip install openai`, start the server, then
`python openai_client.py http://127.0.0.1:7980/v1 [KEY]`. Prints what held; ends with an error at the first thing that did not."""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2] if len(sys.argv) > 2 else "none", max_retries=0)
models = [model.id for model in client.models.list()]
print("openai", openai.__version__, "models", models)

for model in models:
    asked = dict(model=model, messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=12, temperature=1.0, seed=3)
    whole = client.chat.completions.create(**asked)
    text = whole.choices[0].message.content
    assert whole.usage.completion_tokens <= 12 and whole.choices[0].finish_reason in ("stop", "length")
    pieces, usage = [], None
    for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        pieces += [choice.delta.content or "" for choice in chunk.choices]
        usage = chunk.usage or usage
    assert "".join(pieces) == text, (pieces, text)
    assert usage == whole.usage, (usage, whole.usage)
    completion = client.completions.create(model=model, prompt="Hello", seed=3, temperature=1.0)
    streamed = "".join(chunk.choices[0].text for chunk in client.completions.create(model=model, prompt="Hello", seed=3, temperature=1.0, stream=True))
    assert streamed == completion.choices[0].text
    print("ok", model, repr(text))
    schema = {
        "type": "object",
        "properties": {
            "tone": {"enum": ["warm", "brief"]},
            "months": {"type": "integer", "minimum": 1, "maximum": 24},
            "lines": {"type": "array", "items": {"type": "string", "maxLength": 8}, "minItems": 1, "maxItems": 2},
        },
        "required": ["tone", "months", "lines"],
        "additionalProperties": False,
    }
    asked = asked | dict(max_completion_tokens=200, response_format={"type": "json_schema", "json_schema": {"name": "offer", "strict": True, "schema": schema}})
    whole = client.chat.completions.create(**asked)
    offer = json.loads(whole.choices[0].message.content)
    assert whole.choices[0].finish_reason == "stop" and list(offer) == ["tone", "months", "lines"], offer
    assert offer["tone"] in ("warm", "brief") and 1 <= offer["months"] <= 24 and 1 <= len(offer["lines"]) <= 2, offer
    pieces = [choice.delta.content or "" for chunk in client.chat.completions.create(**asked, stream=True) for choice in chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    print("ok", model, "json_schema", offer)

    coded = client.embeddings.create(model=model, input=["Hello", "Where is my parcel?"])
    plain = client.embeddings.create(model=model, input="Where is my parcel?", encoding_format="float", dimensions=8)
    first = coded.data[1].embedding[:8]
    length = sum(number * number for number in first) ** 0.5
    assert max(abs(a / length - b) for a, b in zip(first, plain.data[0].embedding)) < 1e-5
    assert coded.usage.total_tokens > plain.usage.prompt_tokens > 0 and [one.index for one in coded.data] == [0, 1]
    print("ok", model, "embeds in", len(coded.data[0].embedding), "numbers")

for expected, wrong in [
    (openai.NotFoundError, dict(model="gpt-4o")),
    (openai.BadRequestError, dict(model=models[0], n=2)),
    (openai.BadRequestError, dict(model=models[0], temperature=9)),
    (openai.BadRequestError, dict(model=models[0], max_tokens=10**7)),
    (openai.BadRequestError, dict(model=models[0], response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {"not": {}}}})),
]:
    try:
        client.chat.completions.create(messages=[{"role": "user", "content": "Hello"}], **wrong)
    except expected as error:
        print("ok", type(error).__name__, error.body["message"])
    else:
        raise AssertionError(wrong)
