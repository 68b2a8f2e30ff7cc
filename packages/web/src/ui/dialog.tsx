// A window over the page: focus stays in it, Escape closes it, focus returns to where it was.

import { Dialog as Primitive } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { useText } from "../i18n/i18n.ts";
import { CloseIcon } from "../icons/icons.ts";

/**
 * Radix gives the focus back to the button that belongs to a dialog. Ours are opened by keys as well, so whoever had the focus
 * gets it back, or the page when that is gone.
 */
export function useFocusReturn() {
  const opener = useRef<Element>(null);
  return {
    onOpenAutoFocus: () => {
      opener.current = document.activeElement;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      const target = opener.current?.isConnected ? opener.current : document.getElementById("main");
      if (target instanceof HTMLElement) target.focus();
    },
  };
}

interface DialogProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  title: string;
  children: ReactNode;
}

export function Dialog({ isOpen, onOpenChange, title, children }: DialogProps) {
  const text = useText();
  const focusReturn = useFocusReturn();
  return (
    <Primitive.Root open={isOpen} onOpenChange={onOpenChange}>
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 bg-black/35" />
        <Primitive.Content
          aria-describedby={undefined}
          {...focusReturn}
          className="appear fixed inset-x-3 top-[max(0.75rem,8vh)] z-50 mx-auto flex max-h-[84dvh] max-w-lg flex-col rounded-2xl border border-line bg-raised shadow-raised"
        >
          <div className="flex items-center justify-between py-3 ps-6 pe-3">
            <Primitive.Title className="text-lg font-semibold">{title}</Primitive.Title>
            <Primitive.Close className="icon-button" aria-label={text("app.close")}>
              <CloseIcon />
            </Primitive.Close>
          </div>
          <div className="overflow-y-auto px-6 pb-6">{children}</div>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
