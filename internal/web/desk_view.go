package web

import "dovidka/internal/switchboard"

// AgentView is one desk's whole live state, pushed over /api/live on every change; the switchboard makes it.
type AgentView = switchboard.AgentView
