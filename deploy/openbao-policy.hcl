# What the bot may do in OpenBao, and nothing else; written from bot/core/grants.py by `make docs`.
# bao policy write opsbot openbao-policy.hcl
# What it tells of a secret comes from `subkeys` and `metadata`, which hold no value; a value it reads only to write it
# once more, and to know its own. Seal status and unsealing need no login.

# !vault kv list, get: which secrets there are, their versions
path "secret/metadata/*" {
  capabilities = ["list", "read"]
}

# !vault kv get: the names of a secret's keys
path "secret/subkeys/*" {
  capabilities = ["read"]
}

# !vault kv put, patch, !rotate: a new version; read: !undo writes an earlier one again, by memory alone
path "secret/data/*" {
  capabilities = ["create", "update", "patch", "read"]
}

# !rotate db: a new password for a static role
path "database/rotate-role/+" {
  capabilities = ["update"]
}

# !seal: the emergency brake
path "sys/seal" {
  capabilities = ["update", "sudo"]
}

# !vault status: how long our own token is good for
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

# renewing it in time
path "auth/token/renew-self" {
  capabilities = ["update"]
}
