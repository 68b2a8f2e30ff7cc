// Which model answers, how large it is, and what may be expected of it.

import type { OpenAiModel, OpenAiModelList } from "@myna/protocol";
import { useQuery } from "@tanstack/react-query";
import { Popover } from "radix-ui";
import { requestJson } from "../api/api.ts";
import { useLanguage, useText } from "../i18n/i18n.ts";

/** Undefined while it is loading or cannot be known; null when the server serves none. */
export function useModel(): OpenAiModel | null | undefined {
  const { data } = useQuery({
    queryKey: ["models"],
    queryFn: () => requestJson<OpenAiModelList>("/v1/models"),
    staleTime: 60_000,
  });
  return data === undefined ? undefined : (data.data[0] ?? null);
}

/** Models below this many parameters are introduced with their limits. */
const SMALL_PARAMETERS = 100_000_000;

export function isSmall(model: OpenAiModel | null | undefined): boolean {
  return model === undefined || model === null || model.parameters < SMALL_PARAMETERS;
}

export function ModelInfo({ model }: { model: OpenAiModel | null | undefined }) {
  const text = useText();
  const language = useLanguage();
  if (model === undefined) return null;
  if (model === null) return <span className="px-2 text-sm text-danger">{text("model.none")}</span>;
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const plain = new Intl.NumberFormat(language);
  const facts = [
    ...(model.parameters > 0 ? [[text("model.parameters"), compact.format(model.parameters)]] : []),
    [text("model.context"), text("model.contextValue", { tokens: plain.format(model.context_length) })],
    [text("model.architecture"), model.architecture],
  ];
  return (
    <Popover.Root>
      <Popover.Trigger
        className="min-h-9 min-w-0 truncate rounded-xl px-2.5 text-sm text-muted hover:bg-hover hover:text-ink data-[state=open]:bg-hover"
        aria-label={text("model.about", { name: model.id })}
      >
        {model.id}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          aria-label={text("model.label")}
          className="appear z-30 w-80 max-w-[calc(100vw-1.5rem)] rounded-2xl border border-line bg-raised p-4 text-sm shadow-raised"
        >
          <p className="mb-2 font-semibold">{model.id}</p>
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
            {facts.map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="text-muted">{name}</dt>
                <dd className="text-end tabular-nums">{value}</dd>
              </div>
            ))}
          </dl>
          {isSmall(model) && <p className="mt-3 border-t border-line pt-3 text-muted">{text("model.small")}</p>}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
