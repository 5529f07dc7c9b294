import { execFileSync } from 'node:child_process';

/** Where the site's source can be read and where the site itself is; undefined where unknown. */
export interface Addresses {
  readonly source?: string;
  /** Without a slash at its end. */
  readonly site?: string;
}

interface Package {
  readonly repository?: string | { readonly url: string };
  readonly homepage?: string;
}

/** Hosts with public repositories. */
const PUBLIC_HOSTS = ['github.com', 'gitlab.com', 'codeberg.org', 'bitbucket.org', 'git.sr.ht'];

/**
 * The source is package.json's `repository`, else git's remote `origin` if that is on a public host. The site is what
 * WGRAD_SITE says, else package.json's `homepage`.
 *
 * @param siteVariable the value of WGRAD_SITE
 * @throws Error if WGRAD_SITE is not an http address
 */
export function addressesOf(
  { repository, homepage }: Package,
  origin: string | undefined,
  siteVariable: string | undefined,
): Addresses {
  const own = typeof repository === 'string' ? repository : repository?.url;
  if (siteVariable && !/^https?:\/\/[^/]/.test(siteVariable)) {
    throw new Error(
      `WGRAD_SITE is '${siteVariable}', which is not the address of a site: write it as 'https://example.org/wgrad'.`,
    );
  }
  return {
    source: webAddress(own ?? '') ?? publicAddress(origin ?? ''),
    site: (siteVariable || homepage)?.replace(/\/+$/, ''),
  };
}

/** The page of a repository that git reaches at `remote`; undefined unless it is on a public host. */
export function publicAddress(remote: string): string | undefined {
  const address = webAddress(remote);
  return address && PUBLIC_HOSTS.includes(new URL(address).host) ? address : undefined;
}

/** `git@host:path.git`, `ssh://git@host:22/path.git` and `git+https://name:password@host/path` as `https://host/path`. */
function webAddress(remote: string): string | undefined {
  const [, host, path] =
    /^(?:git\+)?(?:https?|ssh|git):\/\/(?:[^@/]*@)?([\w.-]+)(?::\d+)?\/(.+)$/.exec(remote) ??
    /^(?:[^@/]+@)?([\w.-]+\.[\w-]+):(?!\/)(.+)$/.exec(remote) ??
    [];
  return host && `https://${host}/${path.replace(/\/+$/, '').replace(/\.git$/, '')}`;
}

/** The address of git's remote `origin`; undefined without git, or without such a remote. */
export function originOf(folder: string): string | undefined {
  try {
    return execFileSync('git', ['remote', 'get-url', 'origin'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
