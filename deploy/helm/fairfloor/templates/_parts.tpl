{{/* Pieces that several templates share. "root" is the chart's context, "part" the name of a part such as queue. */}}

{{- define "fairfloor.labels" -}}
app.kubernetes.io/name: fairfloor
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "fairfloor.image" -}}
{{ .root.Values.image.registry }}/{{ .part }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "fairfloor.natsUrl" -}}
{{- $root := . -}}
{{- range $i := until (int .Values.nats.nodes) -}}
{{ if $i }},{{ end }}tls://{{ $root.Release.Name }}-nats-{{ $i }}.{{ $root.Release.Name }}-nats:4222
{{- end -}}
{{- end }}

{{/* Not root, read-only, without rights: as in docker-compose.yml. */}}
{{- define "fairfloor.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "fairfloor.containerSecurity" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
{{- end }}

{{/* No two of a kind on one machine, and spread over zones where there are some. */}}
{{- define "fairfloor.spread" -}}
affinity:
  podAntiAffinity:
    {{- if .hard }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: {matchLabels: {{ include "fairfloor.labels" . | fromYaml | toJson }}}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector: {matchLabels: {{ include "fairfloor.labels" . | fromYaml | toJson }}}
    {{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ include "fairfloor.labels" . | fromYaml | toJson }}}
{{- end }}
