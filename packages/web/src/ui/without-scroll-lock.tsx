// Stands in for react-remove-scroll, which Radix dialogs use (vite.config.ts). That library keeps the page behind a dialog from
// scrolling by writing a <style> element, which a content security policy without 'unsafe-inline' refuses. This page's
// body never scrolls (styles.css), so there is nothing to lock.

import { Slot } from "radix-ui";
import type { ReactNode } from "react";

export function RemoveScroll({ children }: { children: ReactNode }) {
  return <Slot.Root>{children}</Slot.Root>;
}
