import type { Plan } from './plan.ts'

/** `services/topology.ts` with the new service in it. @throws Error when its shape is not what was expected */
export function withService(text: string, { product, name, word }: Plan): string {
  const line = `import ${word} from './${product}/${name}/service.ts'`
  const imports = text.split('\n').filter((one) => one.startsWith('import '))
  const own = imports.filter((one) => one.includes(`from './${product}/`))
  const before = own.at(-1) ?? imports.at(-1)
  const list = /declare\(\s*\[([^\]]*?),?\s*\]/.exec(text)
  if (before === undefined || list?.[1] === undefined) {
    throw new Error(
      `services/topology.ts does not look as expected: add "${line}" and ${word} to its list by hand.`,
    )
  }
  const listed = list[0].replace(list[1], `${list[1]}, ${word}`)
  return text.replace(list[0], listed).replace(before, `${before}\n${line}`)
}

/** `services/<product>/stores.ts` with the new store in it; '' is a product without stores. */
export function withStore(text: string, { name, store }: Plan): string {
  if (!store) return text
  const first = text === '' ? `import { store } from '../model/store.ts'\n` : text
  const keys = store.kind === 'redis' ? `keys: ['${name}:*'],` : ''
  return `${first}
export const ${store.constant} = store('${store.kind}', '${name.replaceAll('-', '_')}', {
  summary: 'What ${name} keeps.',
  ${keys}
})
`
}
