/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_diagnosis.h"

static const ike_diagnosis diagnoses[IKE_N_DIAGNOSES] = {
    [IKE_DIAG_NONE] = { "", IKE_SEVERITY_NONE, IKE_SEVERITY_NONE, IKE_GROUP_CAPTURE, IKE_OBSERVED,
                        .summary = "", .explanation = "", .advice = "", .source = "", .cisco = "", .windows = "" },
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

const char *ike_diagnosis_summary(ike_diagnosis_id id, ike_evidence evidence)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);

    return evidence == IKE_OBSERVED && row->observed ? row->observed : row->summary;
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

ike_finding *ike_finding_find(const ike_list *list, ike_diagnosis_id id)
{
    for (guint i = 0; i < list->len; i++) {
        ike_finding *finding = list->pdata[i];

        if (finding->id == id)
            return finding;
    }
    return NULL;
}
