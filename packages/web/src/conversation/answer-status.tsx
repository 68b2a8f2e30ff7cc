// One line that says how an answer is doing, or why it ended. Only what was measured or told by the server.

import { failureText } from "../api/failure-text.ts";
import { useLanguage, useText } from "../i18n/i18n.ts";
import { OfflineIcon, RegenerateIcon, WarningIcon } from "../icons/icons.ts";
import type { LiveAnswer } from "./reducer.ts";
import type { Message } from "./wire.ts";

export function LiveStatus({ live }: { live: LiveAnswer }) {
  const text = useText();
  if (!live.isConnected) {
    return (
      <p className="flex items-center gap-2 text-sm text-accent-text">
        <OfflineIcon className="size-4 shrink-0" aria-hidden="true" />
        {text("status.offline")}
      </p>
    );
  }
  const share = live.promptTokens > 0 ? live.promptTokensRead / live.promptTokens : 0;
  const said = {
    waiting: text("status.thinking"),
    queued: text("status.queued", { count: live.ahead }),
    reading: text("status.reading", { percent: Math.round(share * 100) }),
    writing: text("status.writing"),
  }[live.phase];
  return (
    <p className="flex items-center gap-2.5 text-sm text-muted tabular-nums">
      {said}
      {live.phase === "reading" && (
        <span className="h-1 w-24 overflow-hidden rounded-full bg-bubble" aria-hidden="true">
          <span className="block h-full rounded-full bg-accent" style={{ width: `${share * 100}%` }} />
        </span>
      )}
    </p>
  );
}

/** Why an answer is not what was hoped for; nothing when the model simply ended. */
export function EndNote({ message, onRetry }: { message: Message; onRetry: () => void }) {
  const text = useText();
  const note = endText(message, text);
  if (note === undefined) return null;
  const canRetry = message.status === "failed" || message.status === "interrupted";
  const Icon = canRetry ? WarningIcon : undefined;
  return (
    <div className={`flex flex-wrap items-center gap-x-3 gap-y-1 text-sm ${canRetry ? "text-danger" : "text-muted"}`}>
      <span className="flex items-start gap-2">
        {Icon !== undefined && <Icon className="mt-1 size-4 shrink-0" aria-hidden="true" />}
        {note}
      </span>
      {canRetry && (
        <button
          type="button"
          onClick={onRetry}
          className="inline-flex min-h-8 items-center gap-1.5 rounded-lg border border-edge/60 px-2.5 text-ink hover:bg-hover"
        >
          <RegenerateIcon className="size-3.5" aria-hidden="true" />
          {text("app.retry")}
        </button>
      )}
    </div>
  );
}

function endText(message: Message, text: ReturnType<typeof useText>): string | undefined {
  if (message.status === "stopped") return text("status.stopped");
  if (message.status === "interrupted") return text("status.interrupted");
  if (message.status === "failed") {
    return text("status.failed", { message: message.error === null ? "" : failureText(text, message.error) });
  }
  if (message.endReason === "length") return text("status.length");
  if (message.endReason === "context") return text("failure.context");
  return message.parts.every((part) => part.text.trim() === "") ? text("conversation.emptyAnswer") : undefined;
}

export function Measured({ message }: { message: Message }) {
  const text = useText();
  const language = useLanguage();
  // The speed of one token says nothing.
  if (message.usage === null || message.usage.completionTokens < 2) return null;
  const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const tokens = numbers.format(message.usage.completionTokens);
  return (
    <span className="text-xs text-muted tabular-nums">
      {message.tokensPerSecond === null || message.tokensPerSecond === 0
        ? text("status.tokens", { tokens })
        : text("status.written", { tokens, rate: numbers.format(message.tokensPerSecond) })}
    </span>
  );
}
