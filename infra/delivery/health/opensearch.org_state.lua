-- Users, roles and their bindings say PENDING, CREATED, ERROR or IGNORED (there before, and left alone).
local status = obj.status or {}
if status.state == "CREATED" or status.state == "IGNORED" then
  return { status = "Healthy", message = "" }
end
if status.state == "ERROR" then
  return { status = "Degraded", message = status.reason or "the operator failed" }
end
return { status = "Progressing", message = "state " .. (status.state or "none yet") }
