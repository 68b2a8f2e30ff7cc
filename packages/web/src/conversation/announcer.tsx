// Tells a screen reader when an answer begins and, once it is whole, what it says. The words in between stay silent.

import { useEffect, useRef, useState } from "react";
import { useText } from "../i18n/i18n.ts";
import type { ConversationState } from "./reducer.ts";
import { textOf } from "./wire.ts";

/** Longer answers are announced by their beginning; the reader finds the rest in the conversation. */
const LONGEST_ANNOUNCED = 600;

export function Announcer({ state }: { state: ConversationState }) {
  const text = useText();
  const [said, setSaid] = useState("");
  const answering = useRef<string>(undefined);
  const current = Object.keys(state.live)[0];
  useEffect(() => {
    const before = answering.current;
    answering.current = current;
    if (current !== undefined && current !== before) setSaid(text("conversation.started"));
    const ended = current === undefined && before !== undefined ? state.messages[before] : undefined;
    if (ended !== undefined) {
      setSaid(text("conversation.finished", { text: textOf(ended).slice(0, LONGEST_ANNOUNCED) }));
    }
  }, [current, state.messages, text]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}
