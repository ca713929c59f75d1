// Builds everything that a browser loads into static/dist, under fixed names; Django hashes them.
//
// By convention, so that a new room needs no change here:
//   frontend/<room>/index.ts      -> static/dist/<room>.js
//   frontend/<room>/worker.ts     -> static/dist/<room>.worker.js
//   frontend/<room>/service.ts    -> static/dist/<room>.service.js
//   frontend/styles/<name>.css    -> static/dist/<name>.css   (folders below hold the parts)
// frontend/fonts.py cuts the fonts, frontend/mark.py draws the mark as icons.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = join(root, "static", "dist");
const require = createRequire(import.meta.url);
const watching = process.argv.includes("--watch");

function scripts() {
  const entries = {};
  for (const room of readdirSync(here, { withFileTypes: true })) {
    if (!room.isDirectory()) continue;
    const index = join(here, room.name, "index.ts");
    if (existsSync(index)) entries[room.name] = index;
    for (const kind of ["worker", "service"]) {
      const file = join(here, room.name, `${kind}.ts`);
      if (existsSync(file)) entries[`${room.name}.${kind}`] = file;
    }
  }
  return entries;
}

function styles() {
  const folder = join(here, "styles");
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith(".css"))
      .map((name) => [name.slice(0, -".css".length), join(folder, name)]),
  );
}

function made(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

// Fonts and the mark are made by Python programs, and only when they or their sources changed.
function pictures() {
  const manifest = require.resolve("@fontsource-variable/hanken-grotesk/package.json");
  const recipes = [join(here, "fonts.py"), join(here, "mark.py")];
  const stamp = join(out, ".made-from");
  const now = made([manifest, ...recipes]);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === now) return;
  const own = join(root, ".venv", "bin", "python");
  const python = process.env.PYTHON ?? (existsSync(own) ? own : "python3");
  const quiet = { stdio: ["ignore", "ignore", "inherit"] };
  const files = join(dirname(manifest), "files");
  execFileSync(python, [recipes[0], files, join(out, "fonts")], quiet);
  execFileSync(python, [recipes[1], out], quiet);
  writeFileSync(stamp, now);
}

function copies() {
  // The decoder loads this file by the address that we name; its own default is a foreign one.
  copyFileSync(
    require.resolve("zxing-wasm/reader/zxing_reader.wasm"),
    join(out, "zxing_reader.wasm"),
  );
}

mkdirSync(out, { recursive: true });
pictures();
copies();

const common = {
  bundle: true,
  minify: true,
  sourcemap: true,
  target: ["es2020", "safari15"],
  outdir: out,
  logLevel: "warning",
};
const builds = [
  { ...common, entryPoints: scripts(), format: "iife" },
  // Fonts stay plain addresses: Django's storage finds and hashes them itself.
  { ...common, entryPoints: styles(), external: ["*.woff2"] },
];
if (watching) {
  for (const options of builds)
    await (await esbuild.context({ ...options, logLevel: "info" })).watch();
} else {
  await Promise.all(builds.map((options) => esbuild.build(options)));
}
