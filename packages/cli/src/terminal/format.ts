// Numbers and times the way people read them.

/** 1234567 → "1,234,567". */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** 1234567 → "1.23M". */
export function formatShort(value: number): string {
  const units = ["", "k", "M", "B", "T"];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return unit === 0 ? String(Math.round(scaled)) : `${scaled.toPrecision(3)}${units[unit]}`;
}

/** Powers of 1024: 1536 → "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 1023.5 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return unit === 0 ? `${Math.round(scaled)} B` : `${scaled.toFixed(scaled < 10 ? 1 : 0)} ${units[unit]}`;
}

/** 3725 → "1 h 2 min"; 65 → "1 min 5 s"; 4.2 → "4 s". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes, rest] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}

/** Learning rates and such: 0.0003 → "3.00e-4", 0 → "0". */
export function formatSmall(value: number): string {
  return value === 0 ? "0" : value.toExponential(2);
}

/** A share in [0, 1] → "62 %". */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`;
}
