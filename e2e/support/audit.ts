// Checks of accessibility that need a laid-out page: contrast of every text, a name for every control, one main heading.
// Runs in the browser, so it uses nothing from outside.

import type { Page } from "playwright-core";

/** What is wrong on the page as it stands; empty when nothing is. */
export function audit(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const problems: string[] = [];
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
    /** [red, green, blue, alpha] of any CSS colour, 0–1. */
    const parse = (colour: string): number[] => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data].map((channel) => channel / 255);
    };
    const over = (top: number[], below: number[]) =>
      [0, 1, 2].map((index) => top[index]! * top[3]! + below[index]! * (1 - top[3]!)).concat(1);
    const backgroundOf = (element: Element): number[] => {
      const layers: number[][] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        layers.push(parse(getComputedStyle(at).backgroundColor));
        if (layers.at(-1)![3] === 1) break;
      }
      return layers.reduceRight((below, top) => over(top, below), [1, 1, 1, 1]);
    };
    // WCAG 2.2, relative luminance and contrast ratio.
    const luminance = (colour: number[]) => {
      const [red, green, blue] = colour.map((value) =>
        value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    };
    const contrast = (one: number[], other: number[]) => {
      const [light, dark] = [luminance(one), luminance(other)].sort((first, second) => second - first);
      return (light! + 0.05) / (dark! + 0.05);
    };

    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement!;
      const isShown =
        node.textContent!.trim() !== "" &&
        element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) &&
        element.closest(".sr-only, :disabled, [aria-hidden=true] svg, script, style") === null &&
        element.getBoundingClientRect().width > 1;
      if (!isShown) continue;
      const style = getComputedStyle(element);
      const background = backgroundOf(element);
      const ratio = contrast(over(parse(style.color), background), background);
      const size = Number.parseFloat(style.fontSize);
      const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      if (ratio < needed) problems.push(`contrast ${ratio.toFixed(2)}: "${node.textContent!.trim().slice(0, 40)}"`);
    }

    for (const control of document.querySelectorAll<HTMLElement>("button, a[href], input, textarea, [role=radio]")) {
      const labelled = control.getAttribute("aria-labelledby") ?? control.id;
      const label = labelled === "" ? null : document.querySelector(`label[for="${CSS.escape(labelled)}"]`);
      const name = control.ariaLabel ?? label?.textContent ?? control.textContent;
      if ((name ?? "").trim() === "") problems.push(`no name: ${control.outerHTML.slice(0, 120)}`);
    }
    for (const id of [...document.querySelectorAll("[id]")].map((element) => element.id)) {
      if (document.querySelectorAll(`[id="${CSS.escape(id)}"]`).length > 1) problems.push(`id twice: ${id}`);
    }
    if (document.querySelectorAll("main").length !== 1) problems.push("not one main landmark");
    if (document.querySelectorAll("h1").length > 1) problems.push("more than one main heading");
    if (document.documentElement.lang === "") problems.push("no language");
    return problems;
  });
}
