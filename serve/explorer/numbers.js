// Numbers as people read them.

// Three significant digits, no exponent between 0.0001 and a million.
export function figure(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)} × 10${superscript(Number(exponent))}`;
  }
  return String(Number(value.toPrecision(digits)));
}

function superscript(exponent) {
  return [...String(exponent)].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻").join("");
}

// Two decimals, as every share and probability is written here.
export function share(value) {
  return value.toFixed(2);
}

export function percent(value) {
  return `${Math.round(100 * value)} %`;
}

// "90 %: 0.47 to 0.80"
export function interval([low, high], said = share) {
  return `90 %: ${said(low)} to ${said(high)}`;
}

// What a user typed, as JSON has it: a number where it is one, else the text, which the server
// refuses in its own words.
export function typed(text) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const number = Number(trimmed.replace(/^(\d+),(\d+)$/, "$1.$2"));
  return Number.isFinite(number) ? number : trimmed;
}
