/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_diagnosis.h"

static const ike_diagnosis diagnoses[IKE_N_DIAGNOSES] = {
    [IKE_DIAG_NONE] = { "", IKE_SEVERITY_NONE, IKE_SEVERITY_NONE, IKE_GROUP_CAPTURE, IKE_OBSERVED,
                        "", "", "" },
#define X(ID, id, severity, lesser, group, evidence, ...)                                          \
    [IKE_DIAG_##ID] = { #id, IKE_SEVERITY_##severity, IKE_SEVERITY_##lesser, IKE_GROUP_##group,    \
                        IKE_##evidence, __VA_ARGS__ },
#include "ike_diagnosis.def"
#undef X
};

const ike_diagnosis *ike_diagnosis_get(ike_diagnosis_id id)
{
    return &diagnoses[id < IKE_N_DIAGNOSES ? id : IKE_DIAG_NONE];
}

const char *ike_severity_name(ike_severity severity)
{
    static const char *const names[] = { "", "CHAT", "NOTE", "WARN", "ERROR" };

    return names[severity <= IKE_SEVERITY_ERROR ? severity : 0];
}

const char *ike_evidence_name(ike_evidence evidence)
{
    return evidence == IKE_OBSERVED ? "observed" : "inferred";
}
