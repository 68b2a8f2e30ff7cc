import type { Message } from "@myna/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createId } from "../ids.ts";
import { appendExchange } from "./append-messages.ts";
import { createConversation } from "./conversations.ts";
import { listMessages, listPath } from "./messages.ts";
import { openSqlite } from "./open-database.ts";
import { ensureLocalOwner } from "./owners.ts";

/** The obvious way: from the message up to the first one. */
function pathUp(messages: readonly Message[], id: string | null): string[] {
  const message = messages.find((candidate) => candidate.id === id);
  return message === undefined ? [] : [...pathUp(messages, message.parentId), message.id];
}

test("any tree comes back whole and in order, and every path is the way up", async () => {
  const database = await openSqlite(":memory:");
  const ownerId = await ensureLocalOwner(database);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), async (choices) => {
      const { id } = await createConversation(database, ownerId, { title: null, systemPrompt: null });
      const answers: (string | null)[] = [null];
      for (const choice of choices) {
        const parentId = answers[choice % answers.length] ?? null;
        const { answer } = await appendExchange(database, ownerId, id, {
          parentId,
          parts: [{ type: "text", text: String(choice) }],
          requestId: undefined,
          title: null,
          answer: { id: createId("msg"), model: "m" },
        });
        answers.push(answer.id);
      }
      const messages = await listMessages(database, ownerId, id);
      expect(messages.filter(({ role }) => role === "user").map(({ parts }) => Number(parts[0]?.text))).toEqual(
        choices,
      );
      for (const message of messages) {
        const path = await listPath(database, ownerId, id, message.id);
        expect(path.map((other) => other.id)).toEqual(pathUp(messages, message.id));
      }
    }),
    { numRuns: 30 },
  );
  await database.destroy();
});
