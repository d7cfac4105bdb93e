package web

import (
	_ "embed"
	"net/http"
)

// caGuide is the page that explains the certificate; plain HTML, it works without JavaScript and before the certificate is trusted.
//
//go:embed ca.html
var caGuide []byte

// caCert gives the own local CA's certificate (never its key) for installing on a workplace.
func (s *Server) caCert(w http.ResponseWriter, _ *http.Request) {
	if s.o.CACert == nil {
		http.Error(w, "Власного центру сертифікації немає: сертифікат сайту видано іншим центром, встановлювати нічого не треба.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="dovidka-ca.crt"`)
	_, _ = w.Write(s.o.CACert) // the client may be gone
}

func (s *Server) caPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = w.Write(caGuide) // the client may be gone
}
