/** What staff hear and feel without looking: three sounds and three buzzes, all different. */

export type Tone = "go" | "look" | "stop";

/** Frequency, start and length in seconds. */
const NOTES: Record<Tone, [number, number, number][]> = {
  go: [
    [880, 0, 0.09],
    [1320, 0.1, 0.14],
  ],
  look: [
    [660, 0, 0.12],
    [660, 0.2, 0.12],
  ],
  stop: [[196, 0, 0.55]],
};
const BUZZES: Record<Tone, number[]> = { go: [70], look: [90, 70, 90], stop: [420] };

let audio: AudioContext | null = null;

/** Phones keep sound silent until a tap: call it in one. */
export function allowSound(): void {
  try {
    audio ??= new AudioContext();
    if (audio.state !== "running") void audio.resume().catch(() => undefined);
  } catch {
    audio = null; // no sound here
  }
}

export function signal(tone: Tone): void {
  navigator.vibrate?.(BUZZES[tone]);
  if (audio?.state !== "running") return;
  for (const [frequency, start, length] of NOTES[tone]) {
    const at = audio.currentTime + start;
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.type = tone === "stop" ? "square" : "sine";
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(tone === "stop" ? 0.18 : 0.35, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + length);
    note.connect(volume).connect(audio.destination);
    note.start(at);
    note.stop(at + length);
  }
}
