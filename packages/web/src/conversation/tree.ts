// The branch of the tree that is shown, and the ways to others.

import type { ConversationState } from "./reducer.ts";
import type { Message } from "./wire.ts";

export interface ShownMessage {
  message: Message;
  /** All versions at this place, in the order in which they were made; the shown one among them. */
  versions: readonly string[];
}

/** From the first message to the last of the chosen branch. */
export function shownBranch({ messages, chosen }: Pick<ConversationState, "messages" | "chosen">): ShownMessage[] {
  const children = new Map<string, Message[]>();
  for (const message of Object.values(messages)) {
    const parent = message.parentId ?? "";
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [message]);
    else siblings.push(message);
  }
  const branch: ShownMessage[] = [];
  let parent = "";
  for (;;) {
    const siblings = children.get(parent);
    if (siblings === undefined) return branch;
    const message = siblings.find(({ id }) => id === chosen[parent]) ?? siblings.at(-1)!;
    branch.push({ message, versions: siblings.map(({ id }) => id) });
    parent = message.id;
    // A parent among its own descendants cannot come from our server; without this, it would hang the page.
    children.delete(message.parentId ?? "");
  }
}
