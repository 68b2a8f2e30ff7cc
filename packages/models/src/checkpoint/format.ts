/**
 * The format of a training checkpoint's folder, as its manifest.json states it: rises when older versions could not read
 * what is written.
 */
export const checkpointFormat = 1;
