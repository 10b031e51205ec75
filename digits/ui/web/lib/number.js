// Numbers as people type them.

/** "0,001", "0.001", "60,000", "60 000" -> a number, null for nothing. What is no number, or one that JavaScript does not
 * hold as it was typed, comes back as text: the server refuses it in words. */
export function readNumber(text, isWhole = false) {
  const typed = text.normalize('NFKC').replace(/[\s'’]/g, '');
  if (!typed) return null;
  const isGrouped = isWhole && /^[1-9]\d{0,2}([.,]\d{3})+$/.test(typed);
  const number = Number(isGrouped ? typed.replace(/[.,]/g, '') : typed.replace(',', '.'));
  const isHeld = isWhole ? Math.abs(number) <= Number.MAX_SAFE_INTEGER : Number.isFinite(number);
  return isHeld ? number : text;
}
