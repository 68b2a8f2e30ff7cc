// What every page needs from the frame around it: the field that a shortcut reaches, and whether anything can be sent.

import { createContext, type RefObject } from "react";

interface Frame {
  field: RefObject<HTMLTextAreaElement | null>;
  /** Why nothing can be sent, or undefined. */
  refusal: string | undefined;
  /** What to expect of the model, in a line. */
  notice: string;
}

export const FieldContext = createContext<Frame>({ field: { current: null }, refusal: undefined, notice: "" });
