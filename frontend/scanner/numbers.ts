/** Temporary queue numbers: `M2-08` is the eighth that device M2 gave by itself. */

export function temporaryNumber(device: string, running: number): string {
  return `${device}-${String(running).padStart(2, "0")}`;
}
