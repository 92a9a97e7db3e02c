// Installs what package-lock.json names and node_modules lacks. Runs under whatever Node is on the machine,
// so it is written for old ones.
'use strict'

const childProcess = require('child_process')
const fs = require('fs')
const path = require('path')

const ROOT = path.join(__dirname, '..')
const NEEDED_NODE = [22, 19]
const withDev = process.argv.indexOf('--dev') !== -1

main()

function main() {
  const lock = readJson(path.join(ROOT, 'package-lock.json'))
  if (lock === null) {
    stop('package-lock.json is missing or broken. Restore it: git checkout -- package-lock.json')
  }
  const wanted = wantedPackages(lock)
  if (isInstalled(wanted)) return checkNode()
  const npmMajor = Number((/npm\/(\d+)/.exec(process.env.npm_config_user_agent || '') || [])[1] || 7)
  if (npmMajor < 7) stop('This npm is too old to read the lockfile. Install Node 18 or newer, then run this again.')
  install(wanted)
}

/** Paths and versions of the packages that must be there; optional ones may be absent on this platform. */
function wantedPackages(lock) {
  return Object.keys(lock.packages || {})
    .filter((key) => key !== '')
    .map((key) => Object.assign({ key: key }, lock.packages[key]))
    .filter((entry) => !entry.optional && !entry.devOptional && (withDev || !entry.dev))
}

/** npm writes `node_modules/.package-lock.json` last, so a broken-off install does not count. */
function isInstalled(wanted) {
  const hidden = readJson(path.join(ROOT, 'node_modules', '.package-lock.json'))
  if (hidden === null) return false
  return wanted.every((entry) => {
    const installed = hidden.packages && hidden.packages[entry.key]
    return installed !== undefined && installed.version === entry.version
  })
}

function install(wanted) {
  say('Installing ' + wanted.length + ' packages from package-lock.json ...')
  const args = [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    withDev ? '--include=dev' : '--omit=dev',
    '--include=optional',
  ]
  const npm = process.env.npm_execpath
  const child = npm
    ? childProcess.spawn(process.execPath, [npm].concat(args), { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    : childProcess.spawn('npm', args, {
        cwd: ROOT,
        stdio: ['ignore', 'ignore', 'inherit'],
        shell: process.platform === 'win32',
      })
  const startedAt = Date.now()
  const progress = setInterval(() => {
    const done = wanted.filter((entry) => fs.existsSync(path.join(ROOT, entry.key, 'package.json'))).length
    say('  ' + seconds(startedAt) + ' s: ' + done + ' of ' + wanted.length + ' packages in place')
  }, 3000)
  child.on('error', (error) =>
    stop('npm could not be started (' + error.code + '). Install npm 7 or newer, then run this again.'),
  )
  child.on('exit', (code) => {
    clearInterval(progress)
    if (code !== 0) {
      stop('The install failed (see above). Is the package registry reachable? Try: npm ping')
    }
    say('Installed in ' + seconds(startedAt) + ' s.')
    checkNode()
  })
}

/** The lockfile brings Node for most platforms; elsewhere the machine's own must do. */
function checkNode() {
  const bundled = path.join(ROOT, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  if (fs.existsSync(bundled)) return
  const version = process.versions.node.split('.').map(Number)
  const isNewEnough = version[0] > NEEDED_NODE[0] || (version[0] === NEEDED_NODE[0] && version[1] >= NEEDED_NODE[1])
  if (!isNewEnough) {
    stop(
      'Node ' +
        NEEDED_NODE.join('.') +
        ' or newer is needed; this is ' +
        process.versions.node +
        ', and no bundled Node exists for ' +
        process.platform +
        '-' +
        process.arch +
        '. Get one: https://nodejs.org',
    )
  }
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))
  } catch (_error) {
    return null
  }
}

function seconds(sinceMs) {
  return Math.round((Date.now() - sinceMs) / 1000)
}

function say(line) {
  process.stderr.write(line + '\n')
}

function stop(line) {
  say(line)
  process.exit(1)
}
