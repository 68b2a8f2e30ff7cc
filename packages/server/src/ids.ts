/** Unguessable ids: 22 characters of 62 hold 131 random bits. */
import { randomInt } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export function createId(prefix: "conv" | "msg" | "req" | "chatcmpl"): string {
  const separator = prefix === "chatcmpl" ? "-" : "_";
  return prefix + separator + Array.from({ length: 22 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
