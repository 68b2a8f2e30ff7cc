// The branch of the tree that is shown, and the ways to others.

import type { ConversationState } from "./reducer.ts";
import type { Message } from "./wire.ts";

export interface ShownMessage {
  message: Message;
  /** All versions at this place, in the order in which they were made; the shown one among them. */
  versions: readonly string[];
}

/**
 * From the first message to the last of the chosen branch. Where nothing was chosen, the branch that was written in last, which is
 * where somebody who reloads the page was.
 */
export function shownBranch({ messages, chosen }: Pick<ConversationState, "messages" | "chosen">): ShownMessage[] {
  const inOrder = Object.values(messages);
  const children = Map.groupBy(inOrder, ({ parentId }) => parentId ?? "");
  const latest = latestBelow(inOrder);
  const branch: ShownMessage[] = [];
  let parent = "";
  for (;;) {
    const siblings = children.get(parent);
    if (siblings === undefined) return branch;
    const message =
      siblings.find(({ id }) => id === chosen[parent]) ??
      siblings.reduce((one, other) => (latest.get(other.id)! > latest.get(one.id)! ? other : one));
    branch.push({ message, versions: siblings.map(({ id }) => id) });
    // Each place is visited once: a message among its own descendants cannot come from our server, and would hang the page.
    children.delete(parent);
    parent = message.id;
  }
}

/** For each message, the place in the order of the latest one below it, or its own. Children come after their parents. */
function latestBelow(inOrder: Message[]): Map<string, number> {
  const latest = new Map(inOrder.map(({ id }, index) => [id, index]));
  for (const { id, parentId } of inOrder.toReversed()) {
    if (parentId === null) continue;
    latest.set(parentId, Math.max(latest.get(parentId) ?? 0, latest.get(id)!));
  }
  return latest;
}
