/**
 * Chat template of the models that Myna trains: ChatML without a default system prompt. The `generation` tags tell where the
 * answers are; transformers and vLLM read them too.
 *
 * [{user: "Hi"}, {assistant: "Hello"}] → "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n", in which
 * "Hello<|im_end|>" is the answer.
 */
export const defaultChatTemplate: string = `{%- if tools %}
{{- raise_exception('This chat template has no place for tools.') }}
{%- endif %}
{%- for message in messages %}
{%- if message.role not in ['system', 'user', 'assistant', 'tool'] %}
{{- raise_exception('Roles are system, user, assistant and tool; not ' + message.role + '.') }}
{%- endif %}
{%- if message.content is not string %}
{{- raise_exception('The content of a message is a string.') }}
{%- endif %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}
{{- message.content + '<|im_end|>' }}
{%- endgeneration %}
{%- else %}
{{- message.content + '<|im_end|>' }}
{%- endif %}
{{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
`;
