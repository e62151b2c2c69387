// Writes pages/static/code_editor.js: the same bytes for the same sources, which its first line names.
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { build } from "esbuild"

const made = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  alias: { "@codemirror/lang-html": "./plain.js" },
  metafile: true,
  write: false,
})
const ours = Object.keys(made.metafile.inputs).filter((name) => !name.startsWith("node_modules/"))
const names = [...ours, "build.js", "package.json", "package-lock.json"].sort()
const hash = createHash("sha256")
for (const name of names) hash.update(readFileSync(name))
const stamp = `/* npm run build, of ${names.join(" ")}: ${hash.digest("hex")} */\n`
writeFileSync("../static/code_editor.js", stamp + made.outputFiles[0].text)
