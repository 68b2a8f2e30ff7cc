// Whether there is room for the list beside the conversation.

import { useSyncExternalStore } from "react";

const wide = typeof matchMedia === "undefined" ? undefined : matchMedia("(min-width: 48rem)");

export function useIsWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      wide?.addEventListener("change", listener);
      return () => wide?.removeEventListener("change", listener);
    },
    () => wide?.matches ?? true,
  );
}
