// Pulumi compiles a pack's own TypeScript file with settings of its own; what a JavaScript file imports, Node reads itself.
import './maru.ts'
