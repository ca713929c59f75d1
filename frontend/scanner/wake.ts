/** Keeps the screen on while somebody scans. */

let lock: WakeLockSentinel | null = null;
let wanted = false;

async function hold(): Promise<void> {
  if (!wanted || document.hidden || (lock && !lock.released)) return;
  try {
    lock = await navigator.wakeLock?.request("screen");
  } catch {
    lock = null; // low battery, or a browser that has none
  }
}

export function keepAwake(): void {
  if (!wanted) document.addEventListener("visibilitychange", () => void hold());
  wanted = true;
  void hold();
}
