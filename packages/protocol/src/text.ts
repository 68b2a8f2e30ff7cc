/** Texts and ids as they travel. Leaves what they mean to the messages that carry them. */
import * as z from "zod";

// Wherever a schema has words of its own, they are "must …", and after a semicolon how to fix it, if that is not plain.

/** Why a text cannot be stored or tokenised, or undefined for a good one. */
export function findTextProblem(text: string): string | undefined {
  if (text.includes("\0")) return "must hold no NUL character (U+0000), which no database stores; remove it";
  if (!text.isWellFormed())
    return "must hold whole characters, and holds half of one (a lone surrogate); send it as UTF-8";
  return undefined;
}

/** A text of whole characters without NUL. `longest` counts UTF-16 units, as JavaScript's `length` does. */
export function textSchema(longest: number, shortest = 0) {
  return z
    .string()
    .min(shortest)
    .max(longest)
    .superRefine((text, context) => {
      const problem = findTextProblem(text);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    });
}

/** 22 characters of 62 hold 131 random bits: nobody guesses one, and none can be read as a path. */
const idOf = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9A-Za-z]{22}$`), `must be an id: ${prefix}_ and 22 letters and digits`);

export const conversationIdSchema = idOf("conv").meta({ example: "conv_8nN3r0sZbq1Tq7uYc2LmXw" });
export const messageIdSchema = idOf("msg").meta({ example: "msg_2Qd9vK4tGm7hWcP1yRbEaz" });

/** Milliseconds since 1970. */
export const timestampSchema = z.int().min(0);
