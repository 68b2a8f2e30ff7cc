"""Records what transformers renders for published chat templates, for packages/tokenizer/src/fixtures/chat-templates.json.

    python bench/peers/tokenizers_fetch.py FOLDER
    python bench/peers/tokenizers_templates.py FOLDER
"""

import json
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

FIXTURE = Path(__file__).parents[2] / "packages" / "tokenizer" / "src" / "fixtures" / "chat-templates.json"

# In the manner of Llama 3.2's: a date, a system block that is always there, content trimmed.
DATED = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\nToday Date: " + date_string + "\\n\\n" + system_message + "<|eot_id|>" }}
{%- for message in messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception("Roles must alternate.") }}
    {%- endif %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

# Mistral's kind: no generation prompt, the system prompt inside of the first question, answers end with eos.
INSTRUCTIONS = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + eos_token }}{% endif %}{% endfor %}"""

# No special tokens at all.
PLAIN = """{% for message in messages %}{% if message.role == 'user' %}### Question:
{{ message.content }}

{% elif message.role == 'assistant' %}### Answer:
{{ message.content }}

{% endif %}{% endfor %}{% if add_generation_prompt %}### Answer:
{% endif %}"""

SYSTEM = {"role": "system", "content": "Be brief. 简短。"}
CONVERSATIONS = {
    "one turn": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello, how are you?"}],
    "two turns with a system prompt": [
        SYSTEM,
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "谢谢 😀"},
        {"role": "assistant", "content": "不客气！\n\n再见。"},
    ],
    "whitespace around contents": [
        {"role": "user", "content": "  a \n"},
        {"role": "assistant", "content": "\n b  "},
        {"role": "user", "content": "\tc"},
        {"role": "assistant", "content": "d\n\n"},
    ],
    "thoughts": [
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": "<think>\nfirst thought\n</think>\n\nBecause."},
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": "<think>\nsecond thought\n</think>\n\nYes."},
    ],
}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Weather “now”", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
TOOL_CONVERSATION = [
    {"role": "user", "content": "Weather in 北京?"},
    {"role": "assistant", "content": "", "tool_calls": [
        {"type": "function", "function": {"name": "weather", "arguments": {"city": "北京"}}}]},
    {"role": "tool", "content": "{\"sky\": \"clear\"}"},
    {"role": "assistant", "content": "Clear."},
]


def main() -> None:
    folder = Path(sys.argv[1])
    read = lambda name: (folder / f"{name}.chat_template.jinja").read_text()
    templates = {
        "qwen3": {"source": read("qwen3"), "tokenizer": "qwen3", "variables": {"eos_token": "<|im_end|>"}},
        "smollm2": {"source": read("smollm2"), "tokenizer": "smollm2", "variables": {"eos_token": "<|im_end|>"}},
        "llama3": {"source": read("llama3.1"), "tokenizer": "llama3.1", "variables": {"bos_token": "<|begin_of_text|>"}},
        "dated": {"source": DATED, "tokenizer": "llama3.1",
                  "variables": {"bos_token": "<|begin_of_text|>", "date_string": "29 Feb 2024"}},
        "instructions": {"source": INSTRUCTIONS, "tokenizer": "llama3.1",
                         "variables": {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"}},
        "plain": {"source": PLAIN, "tokenizer": "gpt2", "variables": {}},
    }
    cases = []
    for name, template in templates.items():
        conversations = dict(CONVERSATIONS)
        if name == "qwen3":
            conversations["tools"] = TOOL_CONVERSATION
        for title, messages in conversations.items():
            for prompt in (False, True):
                shown = messages[:-1] if prompt else messages
                tools = [TOOL] if title == "tools" else None
                (text,), _ = render_jinja_template(
                    [shown], tools=tools, chat_template=template["source"], add_generation_prompt=prompt,
                    **template["variables"],
                )
                cases.append({"template": name, "title": title, "messages": shown, "tools": tools,
                              "addGenerationPrompt": prompt, "text": text})
    FIXTURE.write_text(json.dumps({"templates": templates, "cases": cases}, ensure_ascii=False, indent=1) + "\n")
    print(FIXTURE.name, FIXTURE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
