package sandbox

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// assetPath is the visible beginning of an upload's path.
const assetPath = "temp-uploads/"

// uploadOffer is the answer to POST /uploads; lives are in seconds.
type uploadOffer struct {
	UploadURL       string `json:"uploadUrl"`
	URL             string `json:"url"`
	Path            string `json:"path"`
	Method          string `json:"method"`
	ContentType     string `json:"contentType"`
	ExpiresIn       int    `json:"expiresIn"`
	ConfirmURL      string `json:"confirmUrl"`
	AssetTTLSeconds int    `json:"assetTtlSeconds"`
}

// uploadInfo is the answer to GET /uploads.
type uploadInfo struct {
	Path            string    `json:"path"`
	URL             string    `json:"url"`
	Size            int64     `json:"size"`
	ContentType     string    `json:"contentType"`
	UploadedAt      time.Time `json:"uploadedAt"`
	ExpiresAt       time.Time `json:"expiresAt"`
	AssetTTLSeconds int       `json:"assetTtlSeconds"`
}

// offerUpload answers POST /uploads with a place to put the bytes.
func (s *Server) offerUpload(w http.ResponseWriter, r *http.Request) {
	holder, no := s.authenticate(r)
	if no == nil && holder.ReadOnly {
		no = refuse(http.StatusForbidden, "API access not enabled for this account")
	}
	var name, contentType string
	if no == nil {
		data, err := readJSON(w, r)
		if err == nil {
			name, contentType, err = decodeUpload(data)
		}
		if err != nil {
			no = malformed()
		}
	}
	if no != nil {
		s.answerRefusal(w, no)
		return
	}
	now := s.clock()
	o := upload{Name: newID("") + extension(name), Account: holder.ID, ContentType: contentType, OfferedAt: now}
	token, err := s.uploads.offer(o)
	if err != nil {
		s.answerRefusal(w, s.broken(err))
		return
	}
	base := s.origin(r)
	s.answerJSON(w, http.StatusOK, uploadOffer{
		UploadURL: base + "/signed-uploads/" + o.Name + "?signature=" + token,
		URL:       base + "/" + assetPath + o.Name, Path: assetPath + o.Name,
		Method: http.MethodPut, ContentType: contentType,
		ExpiresIn:       int(uploadLinkLife / time.Second),
		ConfirmURL:      apiPath + "/uploads?path=" + assetPath + o.Name,
		AssetTTLSeconds: int(uploadLife / time.Second),
	})
}

// decodeUpload reads {"fileName","contentType"}. The type must be one that
// createTask can use.
func decodeUpload(data []byte) (name, contentType string, err error) {
	fields, err := object(data)
	if err != nil {
		return "", "", err
	}
	name, named := text(fields["fileName"])
	contentType, typed := text(fields["contentType"])
	kind, _, err := mime.ParseMediaType(contentType)
	if !named || name == "" || !typed || err != nil || !usable(kind) {
		return "", "", errBody
	}
	return name, contentType, nil
}

// usable says that a model takes media of that type. Audio types are not
// documented, so that any is taken.
func usable(kind string) bool {
	taken := []string{"image/jpeg", "image/png", "image/webp", "video/mp4", "video/quicktime", "video/webm"}
	return slices.Contains(taken, kind) || strings.HasPrefix(kind, "audio/")
}

// extension is the file name's own, if it is short and plain; the rest of the
// name is the caller's business.
func extension(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > 6 || !validID(ext[1:]) {
		return ""
	}
	return ext
}

// takeUpload answers PUT to a signed URL. The URL is all the permission: a key
// has no business here and is refused, so that a client which leaks it is
// found out.
func (s *Server) takeUpload(w http.ResponseWriter, r *http.Request) {
	now := s.clock()
	o, err := s.uploads.find(r.PathValue("name"), now)
	switch {
	case err != nil || !o.admits(r.URL.Query().Get("signature")):
		s.answerRefusal(w, refuse(http.StatusForbidden, "Invalid signature"))
		return
	case now.Sub(o.OfferedAt) > uploadLinkLife:
		s.answerRefusal(w, refuse(http.StatusForbidden, "Request has expired"))
		return
	case r.Header.Get("Authorization") != "":
		s.answerRefusal(w, refuse(http.StatusBadRequest, "Only one authorization mechanism allowed"))
		return
	case r.Header.Get("Content-Type") != o.ContentType:
		s.answerRefusal(w, refuse(http.StatusForbidden, "Content-Type does not match the signature"))
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.answerRefusal(w, refuse(http.StatusRequestEntityTooLarge, "File too large"))
		return
	case err != nil || len(data) == 0:
		s.answerRefusal(w, malformed())
		return
	}
	switch err := s.uploads.put(o, data, now); {
	case errors.Is(err, errUploadTaken):
		s.answerRefusal(w, refuse(http.StatusConflict, "Already uploaded"))
	case errors.Is(err, errUploadFull):
		s.answerRefusal(w, refuse(http.StatusInsufficientStorage, "Too many uploads"))
	case err != nil:
		s.answerRefusal(w, s.broken(err))
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// confirmUpload answers GET /uploads?path=….
func (s *Server) confirmUpload(w http.ResponseWriter, r *http.Request) {
	holder, no := s.authenticate(r)
	if no != nil {
		s.answerRefusal(w, no)
		return
	}
	name, named := strings.CutPrefix(r.URL.Query().Get("path"), assetPath)
	if !named {
		s.answerRefusal(w, malformed())
		return
	}
	o, err := s.uploads.find(name, s.clock())
	var known stored
	if err == nil {
		known, err = s.uploads.status(o)
	}
	if err != nil || o.Account != holder.ID {
		s.answerRefusal(w, refuse(http.StatusNotFound, "Upload not found"))
		return
	}
	s.answerJSON(w, http.StatusOK, uploadInfo{
		Path: assetPath + o.Name, URL: s.origin(r) + "/" + assetPath + o.Name,
		Size: known.Size, ContentType: o.ContentType,
		UploadedAt: known.UploadedAt, ExpiresAt: o.OfferedAt.Add(uploadLife),
		AssetTTLSeconds: int(uploadLife / time.Second),
	})
}

// serveUpload answers GET of an uploaded file, without a key.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	o, err := s.uploads.find(r.PathValue("name"), s.clock())
	var content io.ReadSeekCloser
	if err == nil {
		content, err = s.uploads.open(o)
	}
	if err != nil {
		s.answerRefusal(w, refuse(http.StatusNotFound, "Not found"))
		return
	}
	defer func() { _ = content.Close() }()
	w.Header().Set("Content-Type", o.ContentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", o.OfferedAt, content)
}
