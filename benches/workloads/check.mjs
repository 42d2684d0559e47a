// Runs each workload in V8 with the arguments of expected.txt and expected-small.txt, here and in simd/.
//   node check.mjs           compares, and prints the time of each
//   node check.mjs --write   writes the results into the files
import { readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url);
const write = process.argv.includes("--write");
let wrong = 0;
for (const name of ["expected.txt", "expected-small.txt", "simd/expected.txt", "simd/expected-small.txt"]) {
  const list = new URL(name, here);
  const lines = readFileSync(list, "utf8").trim().split("\n").map((line) => line.split(" "));
  for (const line of lines) {
    const [name, argument, expected] = line;
    const { instance } = await WebAssembly.instantiate(readFileSync(new URL(name, list)), {});
    const start = process.cpuUsage();
    const result = instance.exports.run(Number(argument));
    const used = process.cpuUsage(start);
    const ms = (used.user + used.system) / 1000;
    const ok = String(result) === expected;
    wrong += !ok;
    console.log(`${name} ${argument} ${result} ${ms.toFixed(1)} ms${ok || write ? "" : `, expected ${expected}`}`);
    line[2] = result;
  }
  if (write) writeFileSync(list, lines.map((line) => line.join(" ")).join("\n") + "\n");
}
process.exitCode = wrong && !write ? 1 : 0;
