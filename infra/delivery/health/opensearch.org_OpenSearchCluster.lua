local status = obj.status or {}
if status.phase == "RUNNING" then
  if status.health == "red" then
    return { status = "Degraded", message = "the cluster is red" }
  end
  return { status = "Healthy", message = "" }
end
if status.phase == "FAILED" then
  return { status = "Degraded", message = "the operator gave up" }
end
return { status = "Progressing", message = "phase " .. (status.phase or "none yet") }
