// The list of shortcuts, opened by "?".

import type { TextKey } from "../i18n/catalogue.ts";
import { useText } from "../i18n/i18n.ts";
import { Dialog } from "../ui/dialog.tsx";
import { isMac, keysOf, shortcuts } from "./shortcuts.ts";

const shift = isMac ? "⇧" : "Shift";

const rows: { does: TextKey; keys: string[]; note?: TextKey }[] = [
  { does: "shortcuts.send", keys: ["Enter"] },
  { does: "shortcuts.newline", keys: [shift, "Enter"] },
  { does: "shortcuts.stop", keys: keysOf(shortcuts.stop, isMac) },
  { does: "shortcuts.editLast", keys: ["↑"], note: "shortcuts.emptyField" },
  { does: "shortcuts.regenerate", keys: keysOf(shortcuts.regenerate, isMac) },
  { does: "shortcuts.copyLast", keys: keysOf(shortcuts.copyLast, isMac) },
  { does: "shortcuts.focus", keys: keysOf(shortcuts.focus, isMac) },
  { does: "shortcuts.newConversation", keys: keysOf(shortcuts.newConversation, isMac) },
  { does: "shortcuts.search", keys: keysOf(shortcuts.search, isMac) },
  { does: "shortcuts.sidebar", keys: keysOf(shortcuts.sidebar, isMac) },
  { does: "shortcuts.settings", keys: keysOf(shortcuts.settings, isMac) },
  { does: "shortcuts.help", keys: keysOf(shortcuts.help, isMac) },
];

export function HelpSheet({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (isOpen: boolean) => void }) {
  const text = useText();
  return (
    <Dialog isOpen={isOpen} onOpenChange={onOpenChange} title={text("shortcuts.title")}>
      <dl className="grid">
        {rows.map(({ does, keys, note }) => (
          <div
            key={does}
            className="flex items-baseline justify-between gap-4 border-t border-line py-2 first:border-0"
          >
            <dt>
              {text(does)}
              {note !== undefined && <span className="ms-2 text-sm text-muted">{text(note)}</span>}
            </dt>
            <dd className="flex shrink-0 gap-1">
              {keys.map((key) => (
                <kbd
                  key={key}
                  className="min-w-7 rounded-md border border-edge/50 bg-page px-1.5 text-center font-sans text-[0.8rem]/6"
                >
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
