/** Words of plain English, and nothing of any tool's subject: those come from the tools' own examples. */

/** How much a word says about which question is asked. */
export type Rank = 'filler' | 'weak' | 'content'

/** A word in the form that is compared: lower case, without possessive and endings; the same for questions and examples. */
export function toNorm(word: string): string {
  const lower = word
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’`]s?$/u, '')
    .replaceAll(/['’`]/gu, '')
  const alike = ALIKE.get(lower) ?? lower
  return FILLER.has(alike) || WEAK.has(alike) ? alike : stem(alike)
}

export function toRank(norm: string): Rank {
  if (FILLER.has(norm)) return 'filler'
  return WEAK.has(norm) ? 'weak' : 'content'
}

/** Words that point back at something said before. */
export const PRONOUNS: ReadonlySet<string> = new Set(
  words('it its their they them his her hers he she him that this those these'),
)

/** Those that stand where a name would: "does it hold", unlike "its balance". */
export const SUBJECTS: ReadonlySet<string> = new Set(words('it he she him'))

export const PLURAL_PRONOUNS: ReadonlySet<string> = new Set(words('their they them these those'))

/** Words that point at somebody nothing is known of. */
export const FIRST_PERSON: ReadonlySet<string> = new Set(words('my mine our ours'))

export const CONJUNCTIONS: ReadonlySet<string> = new Set(words('and also then plus & as well'))

export const PREPOSITIONS: ReadonlySet<string> = new Set(words('on in at from over via for to'))

function words(text: string): string[] {
  return text.split(' ')
}

function stem(word: string): string {
  let rest = word
  if (rest.length >= 3 && rest.endsWith('s') && !rest.endsWith('ss')) rest = rest.replace(/(ss)?es$|s$/, '$1')
  if (rest.length >= 6) rest = rest.replace(/(?:ing|ed)$/, '')
  return rest.length >= 4 ? rest.replace(/e$/, '') : rest
}

const FILLER: ReadonlySet<string> = new Set(
  words(
    'a an the of for to on in at by with from over via as into onto per between is are was were be been being am do does did doing ' +
      'can could would will shall should may might must you u your we us me i my mine our ours he she it its they them their ' +
      'his her hers him this that these those there here so just only please pls plz tell show give get got find check look ' +
      'up out let lets want wants like need know see say help kindly now currently current right today moment really actually ' +
      'hey hi hello yo greetings good morning evening afternoon dear hm hmm ok okay thanks thank thx cheers great cool nice ' +
      'also then plus too well & and or but if compare both each all any some one same what which whats quick quickly ' +
      'exactly exact answer question wonder wondering curious everyone someone somebody about again maybe still ' +
      'yes no yeah sure usd dollar fetch display calculate compute instead briefly brief short shortly concisely sentence tool use using',
  ),
)

const WEAK: ReadonlySet<string> = new Set(words('who whose when where why how much many have'))

const ALIKE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    whats: 'what',
    whos: 'who',
    whom: 'who',
    hows: 'how',
    wheres: 'where',
    whens: 'when',
    im: 'i',
    ive: 'i',
    id: 'i',
    has: 'have',
    had: 'have',
    having: 'have',
    hold: 'have',
    holds: 'have',
    held: 'have',
    own: 'have',
    owns: 'have',
    owned: 'have',
    possess: 'have',
    possesses: 'have',
    contain: 'have',
    contains: 'have',
    dollars: 'dollar',
    bucks: 'dollar',
    sent: 'send',
    made: 'make',
    making: 'make',
    spent: 'spend',
    paid: 'pay',
    took: 'take',
    newest: 'latest',
    last: 'latest',
    recent: 'latest',
  }),
)
