/**
 * What a device enforces by itself, for its page to list. One rule judges with and without a
 * network, so this is what is enforced with one as well. Pure.
 */

import type { Verdict } from "../shared/tickets";

/** In the order of the rule. `judge` gives no other verdict, but for `accepted`. */
export const ENFORCED: { key: string; verdicts: Verdict[] }[] = [
  { key: "enforced_ours", verdicts: ["malformed", "wrong_drive", "bad_signature"] },
  { key: "enforced_known", verdicts: ["unknown"] },
  { key: "enforced_day", verdicts: ["wrong_day"] },
  { key: "enforced_cancelled", verdicts: ["revoked"] },
  { key: "enforced_waiting", verdicts: ["waitlisted"] },
  { key: "enforced_once", verdicts: ["already_scanned", "visit_ended"] },
  { key: "enforced_time", verdicts: ["too_early", "too_late"] },
];
