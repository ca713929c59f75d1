/** Parts of organizers' pages that refresh themselves. Without this every page is read by hand. */

import htmx from "htmx.org";

// Under the CSP nothing is evaluated and no style is written into the page.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyEnabled = false;
