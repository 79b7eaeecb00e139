/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_label.h"
#include "ike_names.h"

const ike_mode_info ike_modes[IKE_N_MODES] = {
    /*                             stem       name                       exchange               v  numbered phase1 child  */
    [IKE_MODE_NONE]            = { "",        "",                        0,                      0, false, false, false },
    [IKE_MODE_MAIN]            = { "MM",      "Main Mode",               IKE_XCHG_MAIN,          1, true,  true,  false },
    [IKE_MODE_MAIN_GSS]        = { "MM-GSS",  "Main Mode",               IKE_XCHG_MAIN,          1, true,  true,  false },
    [IKE_MODE_AGGRESSIVE]      = { "AM",      "Aggressive Mode",         IKE_XCHG_AGGRESSIVE,    1, true,  true,  false },
    [IKE_MODE_BASE]            = { "BASE",    "Base Mode",               IKE_XCHG_BASE,          1, true,  true,  false },
    [IKE_MODE_QUICK]           = { "QM",      "Quick Mode",              IKE_XCHG_QUICK,         1, true,  false, true },
    [IKE_MODE_TRANSACTION]     = { "TR",      "Transaction",             IKE_XCHG_TRANSACTION,   1, true,  false, false },
    [IKE_MODE_NEW_GROUP]       = { "NG",      "New Group Mode",          IKE_XCHG_NEW_GROUP,     1, true,  false, false },
    [IKE_MODE_INFO]            = { "INFO",    "Informational",           IKE_XCHG_INFO,          1, false, false, false },
    [IKE_MODE_AUTHIP_MAIN]     = { "AIP-MM",  "AuthIP Main Mode",        IKE_XCHG_AUTHIP_MAIN,   1, true,  true,  false },
    [IKE_MODE_AUTHIP_QUICK]    = { "AIP-QM",  "AuthIP Quick Mode",       IKE_XCHG_AUTHIP_QUICK,  1, true,  false, true },
    [IKE_MODE_AUTHIP_EXTENDED] = { "AIP-EM",  "AuthIP Extended Mode",    IKE_XCHG_AUTHIP_EXTENDED, 1, true, false, false },
    [IKE_MODE_AUTHIP_NOTIFY]   = { "AIP-NOTIFY", "AuthIP Notify",        IKE_XCHG_AUTHIP_NOTIFY, 1, false, false, false },
    [IKE_MODE_V2_SA_INIT]      = { "IKE_SA_INIT", "IKE_SA_INIT",         IKE_XCHG_V2_SA_INIT,    2, false, true,  false },
    [IKE_MODE_V2_INTERMEDIATE] = { "IKE_INTERMEDIATE", "IKE_INTERMEDIATE", IKE_XCHG_V2_INTERMEDIATE, 2, false, true, false },
    [IKE_MODE_V2_AUTH]         = { "IKE_AUTH", "IKE_AUTH",               IKE_XCHG_V2_AUTH,       2, false, true,  true },
    [IKE_MODE_V2_CREATE_CHILD] = { "CREATE_CHILD_SA", "CREATE_CHILD_SA", IKE_XCHG_V2_CREATE_CHILD, 2, false, false, true },
    [IKE_MODE_V2_FOLLOWUP_KE]  = { "IKE_FOLLOWUP_KE", "IKE_FOLLOWUP_KE", IKE_XCHG_V2_FOLLOWUP_KE, 2, false, false, false },
    [IKE_MODE_V2_INFO]         = { "INFORMATIONAL", "INFORMATIONAL",     IKE_XCHG_V2_INFO,       2, false, false, false },
    [IKE_MODE_V2_RESUME]       = { "IKE_SESSION_RESUME", "IKE_SESSION_RESUME", IKE_XCHG_V2_RESUME, 2, false, true, false },
};

static const ike_step steps[] = {
    /* RFC 2409 5.1 to 5.4: HDR, SA --> ; <-- HDR, SA ; HDR, KE, Ni --> ; <-- HDR, KE, Nr ;
     *                      HDR*, IDii, AUTH --> ; <-- HDR*, IDir, AUTH */
    { IKE_MODE_MAIN, 1, 2, true,  IKE_STATE_OFFERED,              IKE_DIAG_MM1_NORESP,  "MM_WAIT_MSG2" },
    { IKE_MODE_MAIN, 2, 3, false, IKE_STATE_CHOSEN,               IKE_DIAG_MM2_NOREPLY, "MM_WAIT_MSG2" },
    { IKE_MODE_MAIN, 3, 4, true,  IKE_STATE_KEYING,               IKE_DIAG_MM3_NORESP,  "MM_WAIT_MSG4" },
    { IKE_MODE_MAIN, 4, 5, false, IKE_STATE_KEYING,               IKE_DIAG_MM4_NOREPLY, "MM_WAIT_MSG4" },
    { IKE_MODE_MAIN, 5, 6, true,  IKE_STATE_AUTHENTICATING,       IKE_DIAG_MM5_NORESP,  "MM_WAIT_MSG6" },
    { IKE_MODE_MAIN, 6, 0, false, IKE_STATE_PROBABLY_ESTABLISHED, IKE_DIAG_NONE,        "MM_ACTIVE" },
    /* RFC 2409 5.1: HDR, SA, KE, Ni, IDii --> ; <-- HDR, SA, KE, Nr, IDir, AUTH ; HDR, AUTH --> */
    { IKE_MODE_AGGRESSIVE, 1, 2, true,  IKE_STATE_OFFERED,              IKE_DIAG_AM1_NORESP,  "AM_WAIT_MSG2" },
    { IKE_MODE_AGGRESSIVE, 2, 3, false, IKE_STATE_AUTHENTICATING,       IKE_DIAG_AM2_NOREPLY, "AM_WAIT_MSG2" },
    { IKE_MODE_AGGRESSIVE, 3, 0, false, IKE_STATE_PROBABLY_ESTABLISHED, IKE_DIAG_NONE,        "AM_ACTIVE" },
    /* RFC 2408 4.4, draft-ietf-ipsec-ike-base-mode: HDR, SA, IDii, Ni --> ; <-- HDR, SA, IDir, Nr ;
     *                      HDR, KE, AUTH --> ; <-- HDR, KE, AUTH */
    { IKE_MODE_BASE, 1, 2, true,  IKE_STATE_OFFERED,              IKE_DIAG_NONE, NULL },
    { IKE_MODE_BASE, 2, 3, false, IKE_STATE_CHOSEN,               IKE_DIAG_NONE, NULL },
    { IKE_MODE_BASE, 3, 4, true,  IKE_STATE_AUTHENTICATING,       IKE_DIAG_NONE, NULL },
    { IKE_MODE_BASE, 4, 0, false, IKE_STATE_PROBABLY_ESTABLISHED, IKE_DIAG_NONE, NULL },
    /* RFC 2409 5.5: HDR*, HASH(1), SA, Ni --> ; <-- HDR*, HASH(2), SA, Nr ; HDR*, HASH(3) --> ;
     * RFC 2408 3.1, commit bit: <-- HDR*, HASH(4), N(CONNECTED) */
    { IKE_MODE_QUICK, 1, 2, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_QM1_NORESP,  "MM_ACTIVE" },
    { IKE_MODE_QUICK, 2, 3, false, IKE_STATE_ESTABLISHED, IKE_DIAG_QM2_NOREPLY, "MM_ACTIVE" },
    { IKE_MODE_QUICK, 3, 0, false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,        "MM_ACTIVE" },
    { IKE_MODE_QUICK, 4, 0, false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,        "MM_ACTIVE" },
    /* draft-ietf-ipsec-isakmp-mode-cfg-05: HDR*, HASH, ATTR(request|set) --> ; <-- HDR*, HASH, ATTR */
    { IKE_MODE_TRANSACTION, 1, 2, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_TR_NORESP, NULL },
    { IKE_MODE_TRANSACTION, 2, 0, false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,      NULL },
    { IKE_MODE_TRANSACTION, 3, 4, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_TR_NORESP, NULL },
    { IKE_MODE_TRANSACTION, 4, 0, false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,      NULL },
    /* RFC 2409 5.6: HDR*, HASH(1), SA --> ; <-- HDR*, HASH(2), SA */
    { IKE_MODE_NEW_GROUP, 1, 2, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_NONE, NULL },
    { IKE_MODE_NEW_GROUP, 2, 0, false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE, NULL },
    /* MS-AIPS 3.2.4, 3.4.5.1, 3.7.5.1: strict request and response; further rounds follow row 3 */
    { IKE_MODE_AUTHIP_MAIN, 1, 2, true,  IKE_STATE_OFFERED, IKE_DIAG_AIP_NORESP, NULL },
    { IKE_MODE_AUTHIP_MAIN, 2, 0, false, IKE_STATE_CHOSEN,  IKE_DIAG_NONE,       NULL },
    { IKE_MODE_AUTHIP_QUICK, 1, 2, true,  IKE_STATE_AUTHENTICATING, IKE_DIAG_AIP_NORESP, NULL },
    { IKE_MODE_AUTHIP_QUICK, 2, 0, false, IKE_STATE_ESTABLISHED,    IKE_DIAG_NONE,       NULL },
    { IKE_MODE_AUTHIP_EXTENDED, 1, 2, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_AIP_NORESP, NULL },
    { IKE_MODE_AUTHIP_EXTENDED, 2, 0, false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,       NULL },
    /* RFC 7296 1.2 and 2.6, RFC 9242 3: the state after a response depends on what is in it, and whether
     * another request must follow */
    { IKE_MODE_V2_SA_INIT, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_OFFERED, IKE_DIAG_INIT_NORESP, NULL },
    { IKE_MODE_V2_SA_INIT, IKE_RESPONSE, 0,            false, IKE_STATE_CHOSEN,  IKE_DIAG_NONE,        NULL },
    { IKE_MODE_V2_INTERMEDIATE, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_KEYING, IKE_DIAG_INT_NORESP, NULL },
    { IKE_MODE_V2_INTERMEDIATE, IKE_RESPONSE, 0,            false, IKE_STATE_KEYING, IKE_DIAG_NONE,       NULL },
    { IKE_MODE_V2_AUTH, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_AUTHENTICATING,       IKE_DIAG_AUTH_NORESP, NULL },
    { IKE_MODE_V2_AUTH, IKE_RESPONSE, 0,            false, IKE_STATE_PROBABLY_ESTABLISHED, IKE_DIAG_NONE,        NULL },
    /* RFC 7296 1.3, 1.4, RFC 9370 2.2.4 */
    { IKE_MODE_V2_CREATE_CHILD, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_CHILD_NORESP, NULL },
    { IKE_MODE_V2_CREATE_CHILD, IKE_RESPONSE, 0,            false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,         NULL },
    { IKE_MODE_V2_FOLLOWUP_KE, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_CHILD_NORESP, NULL },
    { IKE_MODE_V2_FOLLOWUP_KE, IKE_RESPONSE, 0,            false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,         NULL },
    { IKE_MODE_V2_INFO, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_ESTABLISHED, IKE_DIAG_INFO_NORESP, NULL },
    { IKE_MODE_V2_INFO, IKE_RESPONSE, 0,            false, IKE_STATE_ESTABLISHED, IKE_DIAG_NONE,        NULL },
    { IKE_MODE_V2_RESUME, IKE_REQUEST,  IKE_RESPONSE, true,  IKE_STATE_OFFERED, IKE_DIAG_RESUME_NORESP, NULL },
    { IKE_MODE_V2_RESUME, IKE_RESPONSE, 0,            false, IKE_STATE_CHOSEN,  IKE_DIAG_NONE,          NULL },
};

static const char *const state_names[IKE_N_STATES] = {
    [IKE_STATE_NEW] = "new",
    [IKE_STATE_UNKNOWN_START] = "unknown start",
    [IKE_STATE_OFFERED] = "sa-offered",
    [IKE_STATE_CHOSEN] = "sa-chosen",
    [IKE_STATE_KEYING] = "keying",
    [IKE_STATE_AUTHENTICATING] = "authenticating",
    [IKE_STATE_PROBABLY_ESTABLISHED] = "probably established",
    [IKE_STATE_ESTABLISHED] = "established",
    [IKE_STATE_REKEYED] = "rekeyed",
    [IKE_STATE_ABANDONED] = "abandoned",
    [IKE_STATE_REDIRECTED] = "redirected",
    [IKE_STATE_DELETED] = "deleted",
    [IKE_STATE_FAILED] = "failed",
};

ike_mode ike_mode_of_exchange(unsigned exchange, unsigned version)
{
    /* the first mode of an exchange type: Main Mode before its GSS rounds */
    for (int mode = 1; mode < IKE_N_MODES; mode++)
        if (ike_modes[mode].exchange == exchange && ike_modes[mode].version == version)
            return (ike_mode)mode;
    return IKE_MODE_NONE;
}

const char *ike_state_name(ike_state state)
{
    return state < IKE_N_STATES ? state_names[state] : "new";
}

/* The number by which the table of steps knows a message. */
static unsigned step_number(ike_label label)
{
    if (ike_modes[label.mode].version == 1)
        return label.number;
    return label.is_response ? IKE_RESPONSE : IKE_REQUEST;
}

/* Where the steps of a mode begin; they stand in the order of modes. Looked for once. */
static size_t first_step(unsigned mode)
{
    static uint8_t begins[IKE_N_MODES];
    static bool is_known;

    if (!is_known) {
        for (size_t i = G_N_ELEMENTS(steps); i > 0; i--) {
            g_assert(i == G_N_ELEMENTS(steps) || steps[i - 1].mode <= steps[i].mode);
            begins[steps[i - 1].mode] = (uint8_t)(i - 1);
        }
        is_known = true;
    }
    return begins[mode];
}

const ike_step *ike_step_find(ike_label label)
{
    const unsigned number = step_number(label);

    if (!ike_label_is_decided(label))
        return NULL;
    for (size_t i = first_step(label.mode); i < G_N_ELEMENTS(steps) && steps[i].mode == label.mode; i++)
        if (steps[i].number == number)
            return &steps[i];
    return NULL;
}

unsigned ike_label_answers(ike_label label)
{
    /* QM4 answers QM3, which asks for it only when the commit bit is set: it has no row for that. */
    if (ike_label_is(label, IKE_MODE_QUICK, 4))
        return 3;
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (steps[i].mode == label.mode && steps[i].next == label.number && label.other == 0 &&
            steps[i].is_answered)
            return steps[i].number;
    if (label.mode >= IKE_MODE_AUTHIP_MAIN && label.mode <= IKE_MODE_AUTHIP_EXTENDED &&
        label.number % 2 == 0 && label.other == 0)
        return label.number - 1u;
    return 0;
}

void ike_label_append(GString *out, ike_label label)
{
    const ike_mode_info *mode = &ike_modes[label.mode];

    g_string_append(out, mode->stem);
    if (mode->version == 2)
        g_string_append(out, label.is_response ? ".resp" : ".req");
    else if (mode->is_numbered)
        ike_number_append(out, label.number);
    if (mode->is_numbered && mode->version != 2 && label.other) {
        g_string_append_c(out, '/');
        ike_number_append(out, label.other);
    }
}
