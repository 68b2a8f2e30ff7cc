// Short notices at the foot of the page, one at a time, with at most one action. Announced to screen readers.

import { useEffect, useSyncExternalStore } from "react";
import { useText } from "../i18n/i18n.ts";
import { CloseIcon } from "../icons/icons.ts";

export interface Notice {
  text: string;
  action?: { label: string; run: () => void };
}

/** Long enough to read, decide and reach the button by keyboard. */
const SHOWN_MS = 12_000;

let current: Notice | undefined;
const listeners = new Set<() => void>();

export function notify(notice: Notice | undefined): void {
  current = notice;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Notices() {
  const text = useText();
  const notice = useSyncExternalStore(subscribe, () => current);
  useEffect(() => {
    if (notice === undefined) return;
    const timer = setTimeout(() => current === notice && notify(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div role="status" className="pointer-events-none absolute inset-x-0 bottom-28 z-40 flex justify-center px-4">
      {notice !== undefined && (
        <div className="appear pointer-events-auto flex max-w-full items-center gap-1 rounded-xl bg-ink py-1 ps-4 pe-1 text-sm text-page shadow-raised">
          <span className="min-w-0 py-1.5">{notice.text}</span>
          {notice.action !== undefined && (
            <button
              type="button"
              className="shrink-0 rounded-lg px-3 py-1.5 font-semibold underline underline-offset-4 hover:bg-page/15"
              onClick={() => {
                notify(undefined);
                notice.action?.run();
              }}
            >
              {notice.action.label}
            </button>
          )}
          <button
            type="button"
            className="shrink-0 rounded-lg p-2 hover:bg-page/15"
            aria-label={text("app.close")}
            onClick={() => notify(undefined)}
          >
            <CloseIcon className="size-4" />
          </button>
        </div>
      )}
    </div>
  );
}
